//! `/v1/leases`: leases that are kept by being renewed, over one kept connection.

use std::net::SocketAddr;

use super::json::{Proof, unexpected};
use super::{Answer, Held, Http, TAG, Wanted};
use crate::failure::Failure;

pub(crate) struct Rest {
    http: Http,
    address: SocketAddr,
    /// What was queued last.
    waiting: Held,
}

impl Rest {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        Ok(Self { http: Http::open(address, number).await?, address, waiting: Held::default() })
    }

    pub(super) async fn ask(&mut self, wanted: Wanted) -> Result<Answer, Failure> {
        let selector = match wanted {
            Wanted::Own(number) | Wanted::Renewed(number) => {
                format!(r#"{{"resource":"r{number}"}}"#)
            }
            Wanted::Shared => r#"{"resource":"r0"}"#.to_owned(),
            Wanted::Any => format!(r#"{{"attributes":["{TAG}"]}}"#),
        };
        let body = format!(r#"{{"requirements":[{selector}],"ttl":"60s"}}"#);
        let request = format!(
            "POST /v1/leases HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        match self.http.call(request.as_bytes()).await? {
            (201, body) => Ok(Answer::Granted(Proof::parse(body)?.held())),
            (202, body) => {
                self.waiting = Proof::parse(body)?.held();
                Ok(Answer::Queued)
            }
            (status, body) => Err(unexpected("201 or 202", status, body)),
        }
    }

    /// Comes back for it until it is granted.
    pub(super) async fn granted(&mut self, mut heard: impl FnMut()) -> Result<Held, Failure> {
        let path = format!("GET /v1/requests/{}?wait=30s", self.waiting.id);
        let request = self.authorized(&path, &self.waiting);
        loop {
            match self.http.call(request.as_bytes()).await? {
                // It waits still.
                (200, _) => heard(),
                (303, _) => return Ok(self.waiting.clone()),
                (status, body) => return Err(unexpected("200 or 303", status, body)),
            }
        }
    }

    pub(super) async fn release(&mut self, held: &Held) -> Result<(), Failure> {
        let request = self.authorized(&format!("DELETE /v1/leases/{}", held.id), held);
        match self.http.call(request.as_bytes()).await? {
            (204, _) => Ok(()),
            (status, body) => Err(unexpected("204", status, body)),
        }
    }

    pub(super) async fn renew(&mut self, held: &Held) -> Result<(), Failure> {
        let request = self.authorized(&format!("POST /v1/leases/{}/renew", held.id), held);
        match self.http.call(request.as_bytes()).await? {
            (200, _) => Ok(()),
            (status, body) => Err(unexpected("200", status, body)),
        }
    }

    fn authorized(&self, call: &str, held: &Held) -> String {
        format!(
            "{call} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\n\r\n",
            self.address, held.token
        )
    }
}
