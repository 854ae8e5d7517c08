//! A closed loop over TCP: each client waits for its answer and sends the next request at once. All of them run on one thread, so
//! that the processor is left to the server.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::answer::{self, Answer};
use super::outcome::Outcome;
use super::process::{Process, cpu_seconds};
use super::request::Request;

const WARM_UP: Duration = Duration::from_secs(1);
/// A server that says nothing for so long is broken.
const PATIENCE: Duration = Duration::from_secs(30);

struct Client {
    stream: TcpStream,
    sent: Instant,
    /// The answer, as far as it has come.
    buffer: Vec<u8>,
    filled: usize,
}

/// Loads a process with so many clients. Every client gets its last answer before this returns.
pub fn run(process: &Process, clients: usize, measured: Duration, request: &mut Request) -> Outcome {
    let mut poll = Poll::new().expect("a poll");
    let mut clients: Vec<Client> = (0..clients).map(|n| Client::connect(&poll, n, process.address)).collect();
    for client in &mut clients {
        client.send(request);
    }
    let began = Instant::now();
    let (from, to) = (began + WARM_UP, began + WARM_UP + measured);
    let (mut first, mut last): (Option<Mark>, Option<Mark>) = (None, None);
    let mut outcome = Outcome::default();
    let mut events = Events::with_capacity(clients.len());
    let mut waiting = clients.len();
    while waiting > 0 {
        if let Err(e) = poll.poll(&mut events, Some(PATIENCE)) {
            assert_eq!(e.kind(), ErrorKind::Interrupted, "{e}");
            continue;
        }
        assert!(!events.is_empty(), "{waiting} clients have had no answer for {} s", PATIENCE.as_secs());
        for event in &events {
            let client = &mut clients[event.token().0];
            let Some(answer) = client.read() else { continue };
            let now = Instant::now();
            if first.is_none() && now >= from {
                first = Some(Mark::take(process, now));
            }
            if last.is_none() && now >= to {
                last = Some(Mark::take(process, now));
            }
            outcome.count(&answer, now - client.sent, first.is_some() && last.is_none());
            if last.is_some() {
                waiting -= 1;
            } else {
                client.send(request);
            }
        }
    }
    let (first, last) = (first.expect("a beginning"), last.expect("an end"));
    outcome.seconds = (last.at - first.at).as_secs_f64();
    outcome.server_cpu = last.server_cpu - first.server_cpu;
    outcome.clients_cpu = last.clients_cpu - first.clients_cpu;
    outcome.sort();
    outcome
}

/// One end of the measured time.
struct Mark {
    at: Instant,
    server_cpu: f64,
    clients_cpu: f64,
}

impl Mark {
    fn take(process: &Process, at: Instant) -> Self {
        Self { at, server_cpu: process.cpu_seconds(), clients_cpu: cpu_seconds("self") }
    }
}

impl Client {
    fn connect(poll: &Poll, n: usize, address: SocketAddr) -> Self {
        let stream = std::net::TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream.set_nonblocking(true).expect("an option");
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(n), Interest::READABLE).expect("a place in the poll");
        Self { stream, sent: Instant::now(), buffer: vec![0; 8 * 1024], filled: 0 }
    }

    /// On a connection where nothing is under way, so that most requests fit at once.
    fn send(&mut self, request: &mut Request) {
        let mut bytes = request.next();
        self.sent = Instant::now();
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(e) if e.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(e) => panic!("the server takes no request: {e}"),
            }
        }
    }

    /// The answer, once it is there whole.
    fn read(&mut self) -> Option<Answer> {
        loop {
            if self.filled == self.buffer.len() {
                self.buffer.resize(2 * self.filled, 0);
            }
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => panic!("the server closed a connection"),
                Ok(read) => self.filled += read,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return None,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => panic!("the connection broke: {e}"),
            }
            if let Some(answer) = answer::read(&self.buffer[..self.filled]) {
                self.filled = 0;
                return Some(answer);
            }
        }
    }
}
