//! What waits to be sent.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::limits::{FRAME, MAX_OUTGOING, ROOM};

/// What waits to be sent, in order, and how much that is.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    messages: VecDeque<Waiting>,
    /// Whether a part of the first message has been taken.
    is_begun: bool,
    /// How much there is in all.
    bytes: usize,
    /// How much of that came while there was no room.
    in_excess: usize,
}

#[derive(Debug)]
struct Waiting {
    text: Bytes,
    /// Whether it came while there was no room.
    is_in_excess: bool,
}

impl Outgoing {
    /// Takes a message that has been written as JSON.
    pub(crate) fn push(&mut self, text: Bytes) {
        let is_in_excess = !self.has_room();
        self.bytes += text.len();
        self.in_excess += if is_in_excess { text.len() } else { 0 };
        self.messages.push_back(Waiting { text, is_in_excess });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether what can wait elsewhere should come. One message may be much longer than what there is room for.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes < ROOM
    }

    /// Whether more has come without room than may.
    pub(crate) fn is_over(&self) -> bool {
        self.in_excess > MAX_OUTGOING
    }

    /// The next frame to send.
    pub(crate) fn take_frame(&mut self) -> Option<Frame> {
        let first = self.messages.front_mut()?;
        let part = first.text.split_to(first.text.len().min(FRAME));
        let is_last = first.text.is_empty();
        self.bytes -= part.len();
        self.in_excess -= if first.is_in_excess { part.len() } else { 0 };
        let kind = if self.is_begun { Data::Continue } else { Data::Text };
        self.is_begun = !is_last;
        if is_last {
            self.messages.pop_front();
            if self.messages.is_empty() {
                // What was many at one time takes no memory for ever.
                self.messages = VecDeque::new();
            }
        }
        Some(Frame::message(part, OpCode::Data(kind), is_last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> Bytes {
        "x".repeat(length).into()
    }

    fn taken(outgoing: &mut Outgoing) -> Vec<(OpCode, bool, usize)> {
        let frames = std::iter::from_fn(|| outgoing.take_frame());
        let facts = frames.map(|frame| {
            let header = frame.header();
            (header.opcode, header.is_final, frame.payload().len())
        });
        facts.collect()
    }

    #[test]
    fn a_long_message_goes_out_in_frames_of_a_buffer_and_a_short_one_in_one() {
        let mut outgoing = Outgoing::default();
        outgoing.push(text(2 * FRAME + 1));
        outgoing.push(text(7));
        let frame = |kind, is_last, length| (OpCode::Data(kind), is_last, length);
        assert_eq!(
            taken(&mut outgoing),
            [
                frame(Data::Text, false, FRAME),
                frame(Data::Continue, false, FRAME),
                frame(Data::Continue, true, 1),
                frame(Data::Text, true, 7),
            ]
        );
        assert!(outgoing.is_empty());
    }

    #[test]
    fn room_and_bound_count_the_bytes_that_are_left() {
        let mut outgoing = Outgoing::default();
        assert!(outgoing.has_room());
        outgoing.push(text(ROOM));
        assert!(!outgoing.has_room() && !outgoing.is_over());
        while !outgoing.has_room() {
            outgoing.take_frame().unwrap();
        }
        // What comes while there is room is never too much, be it a long list behind the end of another.
        let mut outgoing = Outgoing::default();
        outgoing.push(text(ROOM - 1));
        outgoing.push(text(2 * MAX_OUTGOING));
        assert!(!outgoing.is_over());
        outgoing.push(text(MAX_OUTGOING));
        assert!(!outgoing.is_over());
        outgoing.push(text(1));
        assert!(outgoing.is_over());
        taken(&mut outgoing);
        assert!(!outgoing.is_over() && outgoing.has_room());
    }
}
