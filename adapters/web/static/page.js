// What the page does beyond plain HTML: answers without a reload, dropped files, copying, the CSV, search as one types.
"use strict";

const MAX_FILE = 10_000_000;
const PART = "smtpbot-part";
const $ = (id) => document.getElementById(id);

function announce(text) {
  $("announce").textContent = "";
  requestAnimationFrame(() => { $("announce").textContent = text; });
}

function show(text) {
  const card = document.createElement("div");
  const line = document.createElement("p");
  card.className = "card plain";
  line.className = "sentence";
  line.tabIndex = -1;
  line.dataset.focus = "";
  line.textContent = text;
  card.append(line);
  $("answer").replaceChildren(card);
}

function turnTo() {
  const target = $("answer").querySelector("[data-focus]");
  if (!target) return;
  target.focus({ preventScroll: true });
  const box = $("answer").getBoundingClientRect();
  if (box.top > innerHeight * 0.4 || box.top < 0) $("answer").scrollIntoView({ block: "start" });
}

// Asking

let asking = null;

async function ask(form) {
  const sent = new FormData(form);
  const file = sent.get("file");
  if (file && file.size > MAX_FILE) {
    show("That file is larger than 10 MB, the most I read. Send the part of it that holds the error.");
    turnTo();
    return;
  }
  if (!(file && file.name) && !sent.get("text").trim()) {
    $("text").focus();
    announce("Paste the error message or type a code first.");
    return;
  }
  if (asking) asking.abort();
  const mine = asking = new AbortController();
  $("answer").setAttribute("aria-busy", "true");
  announce("Reading");
  try {
    const response = await fetch("/", { method: "POST", body: sent, headers: { [PART]: "answer" }, signal: mine.signal });
    const html = await response.text();
    if (mine !== asking) return;
    const drawn = new DOMParser().parseFromString(html, "text/html");
    $("answer").replaceChildren(...drawn.body.childNodes);
    document.querySelector("main").classList.add("answered");
    const link = response.headers.get("smtpbot-link") || "/";
    if (link !== location.pathname + location.search) history.pushState(null, "", link);
    const title = $("answer").querySelector("h2");
    document.title = title ? `${title.textContent.trim()} · smtpbot` : "smtpbot explains mail errors";
    announce("Answered");
  } catch (error) {
    if (error.name === "AbortError") return;
    show("The answer did not arrive. Check the connection and try again.");
  } finally {
    if (mine === asking) {
      asking = null;
      $("answer").removeAttribute("aria-busy");
      forgetFile();
    }
  }
  turnTo();
}

function forgetFile() {
  const file = $("file");
  $("file-name").textContent = "Choose a file";
  file.value = "";
}

function takeFiles(files) {
  const taken = new DataTransfer();
  taken.items.add(files[0]);
  $("file").files = taken.files;
  sendFile();
}

function sendFile() {
  const file = $("file").files[0];
  if (!file) return;
  $("file-name").textContent = file.name;
  $("text").value = "";
  $("ask").requestSubmit();
}

function startAsking() {
  const form = $("ask");
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(form); });
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  $("text").addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) { event.preventDefault(); takeFiles(event.clipboardData.files); }
  });
  $("file").addEventListener("change", sendFile);
  let over = 0;
  const lift = () => { over = 0; form.classList.remove("dropping"); };
  document.addEventListener("dragenter", () => { over += 1; form.classList.add("dropping"); });
  document.addEventListener("dragleave", () => { over -= 1; if (over <= 0) lift(); });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    lift();
    const text = event.dataTransfer.getData("text/plain");
    if (event.dataTransfer.files.length) takeFiles(event.dataTransfer.files);
    else if (text) { $("text").value = text; form.requestSubmit(); }
  });
  addEventListener("popstate", () => location.reload());
}

// Copying and the CSV

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea");  // pages served without HTTPS have no clipboard of their own
    box.value = text;
    box.className = "unseen";
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  }
}

async function copyFor(button) {
  const from = button.dataset.copy === "previous" ? button.previousElementSibling : $(button.dataset.copy);
  const done = await copy(from.textContent);
  button.textContent = done ? "Copied" : "Not copied";
  announce(done ? "Copied" : "Not copied; select the text instead");
  button.focus();
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

function download(button) {
  const text = $(button.dataset.from).value.replace(/\r?\n/g, "\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  link.download = button.dataset.download;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  announce("The CSV is in your downloads");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.copy) copyFor(button);
  if (button?.dataset.download) download(button);
});

// Search as one types: a line stays where it holds all the words. The server does the same without a script.

function startFinding() {
  const lines = [...document.querySelectorAll("#lists li")];
  const groups = [...document.querySelectorAll("#lists .group")];
  const find = () => {
    const words = $("filter").value.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const line of lines) {
      line.hidden = !words.every((word) => line.dataset.words.includes(word));
      found += line.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("li:not([hidden])");
    $("found").textContent = words.length ? `${found} found${found ? "" : "; Enter asks further"}` : "\u00a0";
    $("near").replaceChildren();
  };
  $("filter").addEventListener("input", find);
}

if ($("ask")) startAsking();
if ($("filter")) startFinding();
if (location.hash === "#answer" || $("answer")?.querySelector(".card")) turnTo();
