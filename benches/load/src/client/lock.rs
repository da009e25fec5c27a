//! `POST /lock`: a connection for the stream that holds the lease, and one for `DELETE`. Both are kept.

use std::convert::Infallible;
use std::net::SocketAddr;

use super::json::{Said, unexpected};
use super::{Answer, Held, Http, TAG, Wanted};
use crate::failure::Failure;

pub(crate) struct Lock {
    stream: Http,
    /// Opened with the first release: who only waits needs none.
    control: Option<Http>,
    address: SocketAddr,
    number: usize,
}

impl Lock {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        Ok(Self { stream: Http::open(address, number).await?, control: None, address, number })
    }

    pub(super) async fn ask(&mut self, wanted: Wanted) -> Result<Answer, Failure> {
        let query = match wanted {
            Wanted::Own(number) | Wanted::Renewed(number) => format!("resource=r{number}"),
            Wanted::Shared => "resource=r0".to_owned(),
            Wanted::Any => format!("attributes={TAG}"),
        };
        let request = format!("POST /lock?{query} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.send(request.as_bytes()).await?;
        let status = self.stream.head().await?;
        if status != 200 {
            return Err(unexpected("a stream", status, self.stream.body().await?));
        }
        Ok(match self.next().await? {
            Some(held) => Answer::Granted(held),
            None => Answer::Queued,
        })
    }

    pub(super) async fn granted(&mut self, mut heard: impl FnMut()) -> Result<Held, Failure> {
        loop {
            if let Some(held) = self.next().await? {
                return Ok(held);
            }
            heard();
        }
    }

    pub(super) async fn release(&mut self, held: &Held) -> Result<(), Failure> {
        let control = match &mut self.control {
            Some(control) => control,
            None => self.control.insert(Http::open(self.address, self.number).await?),
        };
        let request = format!(
            "DELETE /v1/leases/{} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            held.id, self.address, held.token
        );
        match control.call(request.as_bytes()).await? {
            (204, _) => {}
            (status, body) => return Err(unexpected("204", status, body)),
        }
        // `ended` is the last line.
        self.stream.body().await.map(drop)
    }

    pub(super) async fn listen(&mut self, mut heard: impl FnMut()) -> Result<Infallible, Failure> {
        while !self.stream.is_over() {
            self.next().await?;
            heard();
        }
        // It has been released.
        std::future::pending().await
    }

    /// Reads the next line, which may grant.
    async fn next(&mut self) -> Result<Option<Held>, Failure> {
        let Some(line) = self.stream.line().await? else {
            return Err(Failure::new("the stream has ended"));
        };
        let said = Said::parse(line)?;
        match said.event {
            "ended" => Err(unexpected("a lease", 200, line)),
            _ => Ok(said.granted()),
        }
    }
}
