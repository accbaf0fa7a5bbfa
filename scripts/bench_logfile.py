"""A generated Postfix log, read by `smtpbot explain` and by pflogsumm (Debian package) in the same run.

    python scripts/bench_logfile.py [--lines 400000] [--runs 3] [--seed 1] [--keep FILE]

The log holds no real address. Both programs read it from the same file; the best of the runs counts.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORDS = "kim lee ann pat sam jo max eva tom mia ben zoe ian amy leo ida".split()
DOMAINS = [f"{name}{number}.example" for name in ("mail", "shop", "firm", "club", "city") for number in range(40)]
PROVIDERS = [
    ("gmail.example", "gmail-smtp-in.l.google.com", "142.250.102.27"),
    ("outlook.example", "example.mail.protection.outlook.com", "52.101.73.1"),
    ("yahoo.example", "mta5.am0.yahoodns.net", "67.195.228.94"),
]
REASONS = [
    ("5.1.1", "bounced", "host {host}[{ip}] said: 550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)"),
    ("5.1.1", "bounced", "host {host}[{ip}] said: 550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1 unnecessary spaces. 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser {id}-2002 - gsmtp (in reply to RCPT TO command)"),
    ("5.2.2", "bounced", "host {host}[{ip}] said: 552 5.2.2 <{to}>: mailbox is full (in reply to RCPT TO command)"),
    ("5.7.1", "bounced", "host {host}[{ip}] said: 554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen.spamhaus.org (in reply to RCPT TO command)"),
    ("5.4.4", "bounced", "Host or domain name not found. Name service error for name={domain} type=AAAA: Host not found"),
    ("4.7.1", "deferred", "host {host}[{ip}] said: 451 4.7.1 <{to}>: Recipient address rejected: Greylisted, please try again later (in reply to RCPT TO command)"),
    ("4.4.1", "deferred", "connect to {host}[{ip}]:25: Connection timed out"),
    ("4.2.2", "deferred", "host {host}[{ip}] said: 452 4.2.2 The recipient's inbox is out of storage space {id} - gsmtp (in reply to RCPT TO command)"),
    ("4.7.28", "deferred", "host {host}[{ip}] said: 421-4.7.28 Our system has detected an unusual rate of unsolicited mail. {id} - gsmtp (in reply to end of DATA command)"),
]  # fmt: skip
REJECTS = [
    "554 5.7.1 <{to}>: Relay access denied",
    "450 4.7.25 Client host rejected: cannot find your hostname, [{ip}]",
    "550 5.1.1 <{to}>: Recipient address rejected: User unknown in local recipient table",
    "554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org",
]


def write_log(path: Path, lines: int, seed: int) -> int:
    """A day of a busy relay: for each message smtpd, cleanup, qmgr and smtp lines; about one in nine fails or waits."""
    chance = random.Random(seed)
    written, second = 0, 0.0
    with path.open("w", encoding="ascii") as out:
        while written < lines:
            second += 86_400 * 6 / lines
            clock = f"Oct 10 {int(second) // 3600 % 24:02d}:{int(second) // 60 % 60:02d}:{int(second) % 60:02d}"
            head = f"{clock} mx1 postfix/"
            queue = f"{chance.getrandbits(44):011X}"
            pid = chance.randrange(1000, 32000)
            ip = f"192.0.2.{chance.randrange(1, 255)}"
            sender = f"{chance.choice(WORDS)}{chance.randrange(90)}@{chance.choice(DOMAINS)}"
            domain, host, server = (
                chance.choice(PROVIDERS) if chance.random() < 0.5 else (chance.choice(DOMAINS), "", ip)
            )
            host = host or f"mx.{domain}"
            to = f"{chance.choice(WORDS)}{chance.randrange(900)}@{domain}"
            client = f"client{chance.randrange(500)}.{chance.choice(DOMAINS)}[{ip}]"
            out.write(f"{head}smtpd[{pid}]: connect from {client}\n")
            if chance.random() < 0.08:
                text = chance.choice(REJECTS).format(to=to, ip=ip)
                out.write(
                    f"{head}smtpd[{pid}]: NOQUEUE: reject: RCPT from {client}: {text}; from=<{sender}> to=<{to}> proto=ESMTP helo=<{host}>\n"
                )
                out.write(f"{head}smtpd[{pid}]: disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4\n")
                written += 3
                continue
            dsn, status, reason = "2.0.0", "sent", f"250 2.0.0 Ok: queued as {chance.getrandbits(40):010X}"
            if chance.random() < 0.45:
                dsn, status, reason = chance.choice(REASONS)
                reason = reason.format(
                    host=host,
                    ip=server,
                    to=to,
                    domain=domain,
                    id=f"{chance.choice('abcdefgh')}{chance.randrange(99)}-{chance.getrandbits(32):08x}si{chance.randrange(999)}",
                )
            size = chance.randrange(900, 90_000)
            relay = "none" if not reason.startswith(("host", "250")) else f"{host}[{server}]:25"
            out.write(
                f"{head}smtpd[{pid}]: {queue}: client={client}\n"
                f"{head}cleanup[{pid + 1}]: {queue}: message-id=<{queue}@{domain}>\n"
                f"{head}qmgr[900]: {queue}: from=<{sender}>, size={size}, nrcpt=1 (queue active)\n"
                f"{head}smtpd[{pid}]: disconnect from {client} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5\n"
                f"{head}smtp[{pid + 2}]: {queue}: to=<{to}>, relay={relay}, delay=1.{size % 90}, delays=0.1/0/0.6/0.5, dsn={dsn}, status={status} ({reason})\n"
                f"{head}qmgr[900]: {queue}: removed\n"
            )
            written += 7
    return written


def best(command: list[str], runs: int) -> float:
    """The shortest wall time of several runs, output thrown away."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
        times.append(time.perf_counter() - begun)
    return min(times)


def peak_memory(command: list[str]) -> float:
    """The largest resident size of a child in MB."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(done.stdout)


def main() -> int:
    """Print lines, sizes, times and the ratio; exit status 1 below 1.5 times pflogsumm's speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.keep or Path(folder) / "mail.log"
        count = write_log(path, chosen.lines, chosen.seed)
        ours = [sys.executable, "-m", "bot", "explain", str(path)]
        print(f"{count:,} lines, {path.stat().st_size / 1e6:.0f} MB")
        mine = best(ours, chosen.runs)
        print(f"smtpbot    {mine:6.2f} s  {count / mine:12,.0f} lines/s  {peak_memory(ours):.0f} MB")
        if not shutil.which("pflogsumm"):
            print("pflogsumm is not installed: apt-get install pflogsumm")
            return 0
        theirs = best(["pflogsumm", str(path)], chosen.runs)
        print(
            f"pflogsumm  {theirs:6.2f} s  {count / theirs:12,.0f} lines/s  {peak_memory(['pflogsumm', str(path)]):.0f} MB"
        )
        print(f"ratio      {theirs / mine:6.2f}")
        return 0 if theirs / mine >= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
