//! The bounds of a connection.

use std::time::Duration;

/// The longest message that a client may send, in bytes: as long as the body of `POST /lock`.
pub const MAX_MESSAGE: usize = 256 * 1024;

/// The most messages of a client that are not answered yet.
pub const MAX_UNANSWERED: usize = 256;

/// The most subscriptions of a connection.
pub const MAX_SUBSCRIPTIONS: usize = 16;

/// The most that waits to be sent although there was no room for it, in bytes, before the connection is closed.
/// Only answers get there: what becomes of requests, lists and events are told when there is room.
pub const MAX_OUTGOING: usize = 256 * 1024;

/// After this many intervals of the heartbeat without a byte from the client it is taken for gone.
pub const SILENT_INTERVALS: u32 = 3;

/// While less than this waits to be sent, in bytes, there is room for more.
pub(crate) const ROOM: usize = 16 * 1024;

/// How much is read at a time, and how much is written at a time, in bytes. Each connection has a buffer of
/// this size for both.
pub(crate) const BUFFER: usize = 4 * 1024;

/// Longer messages are sent in frames of this many bytes, so that the buffer does not grow with them.
pub(crate) const FRAME: usize = BUFFER - 16;

/// How long a client may take to read the reason for which its connection is closed, and to answer.
pub(crate) const CLOSING: Duration = Duration::from_secs(5);

/// How long reading what a client sent before it left may take.
pub(crate) const LAST_READ: Duration = Duration::from_secs(1);
