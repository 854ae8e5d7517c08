//! A list that is sent whole: the next piece is read when the client has taken the one before it, on a connection that goes back at once.
//! A client that reads slowly, or not at all, therefore holds nothing but one piece.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::{Bytes, Data};

use crate::error::{Error, Result};
use crate::http::{State, read};
use crate::list::List;
use crate::list::walk::Walk;

/// A walk, and the bytes of its latest piece.
type Step<L> = (Walk<L>, Vec<u8>);

pub struct Stream<L> {
    state: Data<State>,
    turn: Turn<L>,
}

enum Turn<L> {
    /// Read, and not sent yet.
    Ready(Step<L>),
    Reading(Pin<Box<dyn Future<Output = Result<Step<L>>>>>),
    Over,
}

impl<L: List> Stream<L> {
    pub const fn new(state: Data<State>, first: Step<L>) -> Self {
        Self { state, turn: Turn::Ready(first) }
    }
}

/// Reads the next piece.
pub async fn step<L: List>(state: Data<State>, mut walk: Walk<L>) -> Result<Step<L>> {
    let now = state.now;
    read(&state, move |conn| {
        let bytes = walk.piece(conn, now())?;
        Ok((walk, bytes))
    })
    .await
}

impl<L: List> MessageBody for Stream<L> {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    /// An error breaks the answer off: it has no last chunk, which every client of HTTP/1.1 notices.
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let this = self.get_mut();
        loop {
            match std::mem::replace(&mut this.turn, Turn::Over) {
                Turn::Over => return Poll::Ready(None),
                Turn::Ready((walk, bytes)) => {
                    if !walk.is_over() {
                        this.turn = Turn::Reading(Box::pin(step(Data::clone(&this.state), walk)));
                    }
                    // An empty chunk would be the end.
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(bytes.into())));
                    }
                }
                Turn::Reading(mut reading) => match reading.as_mut().poll(context) {
                    Poll::Pending => {
                        this.turn = Turn::Reading(reading);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(step)) => this.turn = Turn::Ready(step),
                    Poll::Ready(Err(e)) => {
                        tracing::error!("a list that was being sent breaks off: {e}");
                        return Poll::Ready(Some(Err(e)));
                    }
                },
            }
        }
    }
}
