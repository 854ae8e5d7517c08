//! A server as a process of its own, and what the system tells about it. It is killed when dropped, by its own process id.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use ureq::Agent;
use ureq::http::HeaderMap;

use super::server::{CONSENTS, Database, ORIGIN, consent};

/// Clock ticks a second in `/proc`: the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// The program, with its defaults but for the limits, over a database that has its site.
    pub fn samtykke(database: &Database, flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samtykke"));
        command
            .env_clear()
            .env("SAMTYKKE_DATA_DIR", database.folder.path().join("data"))
            .env("DATABASE_URL", database.url())
            .env("SAMTYKKE_RATE_PER_MINUTE", "0")
            .env("SAMTYKKE_API_RATE_PER_MINUTE", "0")
            .env("SAMTYKKE_LOG", "error")
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(flags);
        Self::start(command, &[])
    }

    /// This bench again, as the bare server that `bare::serve` is.
    pub fn bare(status: u16, content_type: &str, body: &[u8]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command.args(["bare", &status.to_string(), content_type]);
        Self::start(command, body)
    }

    fn start(mut command: Command, input: &[u8]) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        child.stdin.take().expect("its input").write_all(input).expect("it reads its input");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        Self { child, address: address.expect("it says where it listens") }
    }

    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.child.id().to_string())
    }

    /// Resident memory now and at its highest, in MB.
    pub fn memory_mb(&self) -> (f64, f64) {
        memory_mb(self.child.id())
    }

    /// Rows that one transaction held in the mean since the start; `None` when the server does not count them.
    pub fn rows_per_transaction(&self) -> Option<f64> {
        let ratio = self.metric("samtykke_write_rows_total") / self.metric("samtykke_write_transactions_total");
        ratio.is_finite().then_some(ratio)
    }

    /// A figure of the service's own.
    pub fn metric(&self, name: &str) -> f64 {
        let (text, _) = self.get("/metrics");
        let text = String::from_utf8_lossy(&text);
        let values = text.lines().filter(|line| line.starts_with(name)).filter_map(|line| line.rsplit(' ').next());
        values.filter_map(|value| value.parse::<f64>().ok()).sum()
    }

    /// The body as it comes over the wire in Brotli, and the head.
    pub fn get(&self, path: &str) -> (Vec<u8>, HeaderMap) {
        let request = agent().get(format!("http://{}{path}", self.address)).header("accept-encoding", "br");
        let (head, mut body) = request.call().expect("an answer").into_parts();
        (body.read_to_vec().expect("a body"), head.headers)
    }

    /// A new visitor's receipt.
    pub fn receipt(&self) -> String {
        let request = agent().post(format!("http://{}{CONSENTS}", self.address)).header("origin", ORIGIN);
        let mut answer = request.send(consent().to_string()).expect("an answer");
        answer.body_mut().read_to_string().expect("text")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> Agent {
    Agent::new_with_defaults()
}

/// Resident memory of a process now and at its highest, in MB; nothing of one that has ended.
pub fn memory_mb(pid: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process that was not waited for");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.map_or(0.0, |line| line.trim_end_matches("kB").trim().parse().expect("a number"));
        kibibytes * 1024.0 / 1e6
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// User and system time of a process, or of `self`.
pub fn cpu_seconds(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a live process");
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th after it (proc(5)).
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS
}
