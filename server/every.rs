//! Something that is done again and again on a thread of its own until the guard is dropped.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Does it once every `period`, the first time after one.
pub fn every(period: Duration, turn: impl FnMut() + Send + 'static) -> Every {
    begin(period, false, turn)
}

/// The same, and the first time at once.
pub fn at_once(period: Duration, turn: impl FnMut() + Send + 'static) -> Every {
    begin(period, true, turn)
}

fn begin(period: Duration, first: bool, mut turn: impl FnMut() + Send + 'static) -> Every {
    let (stop, stopped) = channel::<()>();
    let thread = std::thread::spawn(move || {
        if first {
            turn();
        }
        while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
            turn();
        }
    });
    Every { stop: Some(stop), thread: Some(thread) }
}

/// Dropping it waits for the turn that is under way.
pub struct Every {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Every {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed when it happened.
            let _ = thread.join();
        }
    }
}
