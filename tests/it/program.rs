//! The program as a process of its own: started, asked, signalled, and killed when a test is done with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::server::{CONSENTS, Database, ORIGIN};

/// The command line, with nothing of this process's environment.
pub fn samtykke(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samtykke"));
    command
        .env_clear()
        .env("SAMTYKKE_DATA_DIR", database.folder.path().join("data"))
        .env("DATABASE_URL", database.url())
        .env("SAMTYKKE_RATE_PER_MINUTE", "0");
    command
}

/// Whether it went well, what it printed, and what it complained of.
pub fn run(command: &mut Command) -> (bool, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.success(), text(stdout), text(stderr))
}

/// A server as a process of its own. It is killed when dropped, by its own process id.
pub struct Process {
    pub base: String,
    pub agent: Agent,
    child: Child,
    /// Read while it runs, or a full pipe would stop it.
    log: Option<JoinHandle<String>>,
}

impl Process {
    pub fn start(database: &Database) -> Self {
        Self::of(&mut samtykke(database))
    }

    /// Serves on a free port, as this command line says.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let stderr = child.stderr.take().expect("its log");
        let log = std::thread::spawn(move || std::io::read_to_string(stderr).expect("UTF-8"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let Some(base) = line.trim().rsplit(' ').next().filter(|base| base.starts_with("http")) else {
            panic!("it did not start: {}", log.join().expect("no panic"));
        };
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        Self { base: base.to_owned(), agent: Agent::new_with_config(config.build()), child, log: Some(log) }
    }

    /// The status and the body, or `None` when there was no answer.
    pub fn answer(&self, consent: &Value) -> Option<(u16, Value)> {
        let request = self.agent.post(format!("{}{CONSENTS}", self.base)).header("origin", ORIGIN);
        let mut answer = request.send(consent.to_string()).ok()?;
        let body = answer.body_mut().read_json().ok()?;
        Some((answer.status().as_u16(), body))
    }

    /// The status, or `None` when there was no answer.
    pub fn post(&self, consent: &Value) -> Option<u16> {
        self.answer(consent).map(|(status, _)| status)
    }

    /// What `/readyz` answers.
    pub fn ready(&self) -> u16 {
        self.agent.get(format!("{}/readyz", self.base)).call().expect("an answer").status().as_u16()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Waits until it has ended, and gives back how, and all that it has said.
    pub fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("an end");
        let log = self.log.take().expect("not yet read").join().expect("no panic");
        (status, log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(log) = self.log.take().and_then(|log| log.join().ok())
            && std::thread::panicking()
        {
            // The end of it, for whoever reads why the test failed.
            let lines: Vec<_> = log.lines().collect();
            println!("{}", lines[lines.len().saturating_sub(20)..].join("\n"));
        }
    }
}
