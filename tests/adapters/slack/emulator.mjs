// Starts npm emulate as a Slack workspace: node emulator.mjs API.JS PORT SEED
import { pathToFileURL } from "node:url";

const [api, port, seed] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL(api).href);
await createEmulator({ service: "slack", port: Number(port), baseUrl: `http://127.0.0.1:${port}`, seed: JSON.parse(seed) });
console.log("ready");
