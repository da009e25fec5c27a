//! A server that says what a test wants it to say, for what a real respod cannot be made to do.

use std::net::SocketAddr;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::sockets::Socket;
use crate::surface::Surface;

/// Listens on a port of its own.
pub(crate) struct FakeRespod {
    listener: TcpListener,
    address: SocketAddr,
    surface: Surface,
}

/// The place of a server that is not there: connections to it are refused.
pub(crate) struct Stopped(SocketAddr, Surface);

/// One request that has arrived, and the connection to answer on. Dropping it closes that.
pub(crate) struct Exchange {
    /// The request line and the headers, or the message.
    pub(crate) head: String,
    pub(crate) body: String,
    connection: Connection,
}

enum Connection {
    Lines(TcpStream),
    Socket(Box<Socket>),
}

impl FakeRespod {
    /// One that refuses to speak WebSocket.
    pub(crate) async fn start() -> Self {
        Self::speaking(Surface::Lines).await
    }

    pub(crate) async fn speaking(surface: Surface) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address, surface }
    }

    /// Stops to listen.
    pub(crate) fn stop(self) -> Stopped {
        Stopped(self.address, self.surface)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request. Whoever first asks for a WebSocket gets one, or is refused.
    pub(crate) async fn request(&self) -> Exchange {
        loop {
            let exchange = self.call().await;
            if !exchange.head.starts_with("GET /ws ") {
                return exchange;
            }
            match self.surface {
                Surface::Lines => exchange.refuse(404, "not_found").await,
                Surface::Socket => {
                    let mut socket = exchange.upgrade().await;
                    // It may have been left again before anything was said on it.
                    if let Some(message) = socket.hear().await {
                        let connection = Connection::Socket(Box::new(socket));
                        return Exchange { head: message, body: String::new(), connection };
                    }
                }
            }
        }
    }

    /// The next connection for a WebSocket, with a heartbeat of 5 s.
    pub(crate) async fn socket(&self) -> Socket {
        self.call().await.upgrade().await
    }

    /// The next HTTP request, whatever it asks for.
    pub(crate) async fn call(&self) -> Exchange {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        Exchange { head, body, connection: Connection::Lines(stream) }
    }

    /// The next request, which is answered with a stream that begins with `lines`.
    pub(crate) async fn stream(&self, lines: &str) -> Exchange {
        let mut exchange = self.request().await;
        exchange.begin_stream(lines).await;
        exchange
    }
}

impl Stopped {
    /// Listens again where it did before.
    pub(crate) async fn start(self) -> FakeRespod {
        let Self(address, surface) = self;
        FakeRespod { listener: TcpListener::bind(address).await.unwrap(), address, surface }
    }
}

impl Exchange {
    /// Whether it asks to take up what has this token.
    pub(crate) fn resumes(&self, token: &str) -> bool {
        match &self.connection {
            Connection::Lines(_) => self.head.starts_with(&format!("POST /lock?resume={token} ")),
            Connection::Socket(_) => {
                let message: serde_json::Value = serde_json::from_str(&self.head).unwrap();
                message["type"] == "resume" && message["token"] == token
            }
        }
    }

    /// Answers with a stream that begins with `lines`.
    pub(crate) async fn begin_stream(&mut self, lines: &str) {
        if matches!(self.connection, Connection::Lines(_)) {
            self.send_head("application/x-ndjson").await;
        }
        self.line(lines).await;
    }

    /// Answers with a stream of events that begins with `text`.
    pub(crate) async fn begin_events(&mut self, text: &str) {
        self.send_head("text/event-stream").await;
        self.chunk(text).await;
    }

    async fn send_head(&mut self, media_type: &str) {
        self.send(&format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ntransfer-encoding: chunked\r\n\r\n"
        ))
        .await;
    }

    /// Sends a line of a stream as a chunk of its own, or each of several lines as a message.
    pub(crate) async fn line(&mut self, lines: &str) {
        match &mut self.connection {
            Connection::Lines(_) => self.chunk(&format!("{lines}\n")).await,
            Connection::Socket(socket) => {
                for line in lines.lines() {
                    socket.say(line).await;
                }
            }
        }
    }

    /// Sends a piece of a stream.
    pub(crate) async fn chunk(&mut self, text: &str) {
        self.send(&format!("{:x}\r\n{text}\r\n", text.len())).await;
    }

    /// Answers with a problem document, or a message with one, and closes.
    pub(crate) async fn refuse(mut self, status: u16, code: &str) {
        let problem = crate::requests::problem(status, code, "");
        match &mut self.connection {
            Connection::Lines(_) => {
                let status = format!("{status} No");
                self.answer(&status, "application/problem+json", &problem).await;
            }
            Connection::Socket(socket) => {
                socket.say(&format!(r#"{{"event":"error","problem":{problem}}}"#)).await;
            }
        }
    }

    /// Answers with a whole document and closes.
    pub(crate) async fn answer(mut self, status: &str, media_type: &str, body: &str) {
        let length = body.len();
        self.send(&format!(
            "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    /// Whether the client has not closed its side, nor said anything.
    pub(crate) fn is_open(&self) -> bool {
        let stream = match &self.connection {
            Connection::Lines(stream) => stream,
            Connection::Socket(socket) => socket.stream(),
        };
        stream.peek(&mut [0]).now_or_never().is_none()
    }

    /// Waits until the client has closed its side. Before that, it says on a WebSocket what is to end.
    pub(crate) async fn closed(self) {
        match self.connection {
            Connection::Lines(mut stream) => {
                let mut rest = Vec::new();
                // A reset closes it as well as an orderly end does.
                stream.read_to_end(&mut rest).await.ok();
                assert!(rest.is_empty(), "the client sent more than one request");
            }
            Connection::Socket(mut socket) => while socket.hear().await.is_some() {},
        }
    }

    /// Begins a WebSocket.
    async fn upgrade(self) -> Socket {
        let Connection::Lines(stream) = self.connection else { panic!("it is one already") };
        Socket::begin(&self.head, stream).await
    }

    async fn send(&mut self, text: &str) {
        let Connection::Lines(stream) = &mut self.connection else {
            panic!("a WebSocket has messages only")
        };
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}
