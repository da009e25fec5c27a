//! The bare warp endpoint: what a call costs that does nothing.

use std::net::SocketAddr;

use super::json::unexpected;
use super::{Answer, Held, Http};
use crate::failure::Failure;

pub(crate) struct Bare {
    http: Http,
    request: Vec<u8>,
}

impl Bare {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        // As long as a request of `/v1/leases`.
        let body = r#"{"requirements":[{"resource":"r1"}],"ttl":"60s"}"#;
        let request = format!(
            "POST /bare HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(Self { http: Http::open(address, number).await?, request: request.into_bytes() })
    }

    pub(super) async fn call(&mut self) -> Result<Answer, Failure> {
        match self.http.call(&self.request).await? {
            (200, _) => Ok(Answer::Granted(Held::default())),
            (status, body) => Err(unexpected("200", status, body)),
        }
    }
}
