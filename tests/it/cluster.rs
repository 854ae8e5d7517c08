//! A PostgreSQL of one test's own, which may fail without failing others: stopped as if the power had gone, and started again on
//! the same port. It is `tests/with-postgres` as a process that hears commands, and it goes when dropped.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::server::root;

pub struct Cluster {
    child: Child,
    /// Closed, it ends the process, which removes everything.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Cluster {
    pub fn start() -> Self {
        Self::of(&mut Command::new(root().join("tests/with-postgres")))
    }

    /// With its data in this folder.
    pub fn on(folder: &Path) -> Self {
        Self::of(Command::new(root().join("tests/with-postgres")).env("TEST_POSTGRES_DISK", folder))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("tests/with-postgres");
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its output"));
        let mut cluster = Self { child, commands, answers, url: String::new() };
        cluster.url = cluster.line();
        cluster
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// At once, without a checkpoint and without a word to its clients; returns when it is down.
    pub fn stop(&mut self) {
        self.tell("stop");
    }

    /// Returns when it takes connections. One that runs is left alone.
    pub fn start_again(&mut self) {
        self.tell("start");
    }

    fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("it hears until it is dropped");
        writeln!(commands, "{command}").expect("it hears");
        assert_eq!(self.line(), "done", "{command}");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("UTF-8");
        assert!(!line.is_empty(), "tests/with-postgres has ended; what it said stands above");
        line.trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}
