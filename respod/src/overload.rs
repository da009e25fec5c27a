//! What a client is told when there are as many connections as there may be.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::connection::linger;
use crate::socket::Socket;

/// How many such clients are told so at a time; the others find their connection closed.
pub(crate) const TOLD_AT_A_TIME: usize = 64;

/// How long telling may take.
const TIMEOUT: Duration = Duration::from_secs(1);

const BODY: &str = concat!(
    r#"{"type":"urn:respo:problem:overloaded","title":"the server has too many connections","#,
    r#""status":503,"code":"overloaded","detail":"the server has as many connections as it may "#,
    r#"have; ask again later"}"#,
    "\n"
);

/// Says that there is no room, and closes the connection.
pub(crate) async fn refuse(stream: TcpStream) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         retry-after: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{BODY}",
        respo::RETRY_AFTER.as_secs(),
        BODY.len()
    );
    let mut socket = Socket::new(stream);
    match tokio::time::timeout(TIMEOUT, socket.write_all(answer.as_bytes())).await {
        Ok(Ok(())) => linger(&socket).await,
        Ok(Err(error)) => tracing::debug!(%error, "failed to say that there is no room"),
        Err(_) => tracing::debug!("a client without room did not listen"),
    }
}
