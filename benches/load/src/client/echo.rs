//! The bare WebSocket: what it costs to say something of the usual length and hear something back.

use std::convert::Infallible;
use std::net::SocketAddr;

use super::socket::TextSocket;
use super::{Answer, Held};
use crate::failure::Failure;

/// As long as a request of `/ws`.
const TEXT: &str = r#"{"type":"request","ref":"1","request":{"requirements":[{"resource":"r1"}]}}"#;

pub(crate) struct Echo(TextSocket);

impl Echo {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        TextSocket::open(address, number).await.map(Self)
    }

    pub(super) async fn say(&mut self) -> Result<Answer, Failure> {
        self.0.say(TEXT.to_owned()).await?;
        let text = self.0.hear().await?;
        match text.as_str() == TEXT {
            true => Ok(Answer::Granted(Held::default())),
            false => Err(Failure::new(format!("the echo is another text: {text}"))),
        }
    }

    pub(super) async fn listen(&mut self) -> Result<Infallible, Failure> {
        let text = self.0.hear().await?;
        Err(Failure::new(format!("the echo says something unasked: {text}")))
    }
}
