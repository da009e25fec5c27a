//! A connection's socket, which is read and written by the HTTP server and watched beside it.

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use respo_warp::Disconnected;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// As much unread is more than a client has reason to send behind a request that holds a lease.
const MOST_UNREAD: usize = 16 * 1024;
/// How long it may stay unread.
const LONGEST_UNREAD: Duration = Duration::from_secs(1);

/// One end of a connection. Clones share the socket; it closes with the last of them.
#[derive(Clone)]
pub(crate) struct Socket {
    stream: Arc<TcpStream>,
    /// How often the server has read.
    reads: Arc<AtomicU64>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: Arc::new(stream), reads: Arc::default() }
    }

    /// Tells when the peer has closed its sending half, the connection is gone, or it is choked so that
    /// nobody could tell.
    pub(crate) fn disconnected(&self) -> Disconnected {
        let socket = self.clone();
        Disconnected::when(move || {
            let socket = socket.clone();
            async move {
                tokio::select! {
                    () = socket.closed_by_peer() => {}
                    () = socket.choked() => {}
                }
            }
        })
    }

    /// Waits until more is unread than a client has reason to send, and the server does not read it.
    ///
    /// What the buffers cannot hold stays with the peer, and the FIN behind it too: its departure could
    /// never be noticed. While nothing is unread this costs nothing.
    async fn choked(&self) {
        while self.stream.ready(Interest::READABLE).await.is_ok() {
            let reads = self.reads.load(Ordering::Relaxed);
            match self.unread() {
                // Nothing is unread, which the socket has taken note of: it is ready for the next bytes.
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                // The end, or an error.
                Ok(0) | Err(_) => return,
                Ok(_) => tokio::time::sleep(LONGEST_UNREAD).await,
            }
            let is_full = self.unread().is_ok_and(|count| count == MOST_UNREAD);
            if is_full && self.reads.load(Ordering::Relaxed) == reads {
                return;
            }
        }
    }

    /// How many bytes are unread, [`MOST_UNREAD`] at most.
    fn unread(&self) -> io::Result<usize> {
        let mut unread = [MaybeUninit::uninit(); MOST_UNREAD];
        self.stream.try_io(Interest::READABLE, || SockRef::from(&*self.stream).peek(&mut unread))
    }

    /// Waits until the peer has closed its sending half or the connection is gone, however much it
    /// sent before that is still unread.
    ///
    /// The kernel tells of a FIN or RST at once (`EPOLLRDHUP`), also behind unread bytes. In tokio the
    /// interest in urgent data is satisfied by that, but not by bytes to read. The socket is not
    /// registered for urgent data, so nothing else satisfies it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    async fn closed_by_peer(&self) {
        while let Ok(ready) = self.stream.ready(Interest::PRIORITY).await {
            if ready.is_read_closed() {
                return;
            }
            // Should urgent data come after all: forget about it and wait on.
            let forget = || Err::<(), _>(io::Error::from(ErrorKind::WouldBlock));
            if let Err(error) = self.stream.try_io(Interest::PRIORITY, forget)
                && error.kind() != ErrorKind::WouldBlock
            {
                return;
            }
        }
    }

    /// Where the kernel does not tell: looks every second.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    async fn closed_by_peer(&self) {
        while let Ok(ready) = self.stream.ready(Interest::READABLE).await {
            if ready.is_read_closed() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }

    /// Closes the sending half.
    pub(crate) fn shut_down(&self) -> io::Result<()> {
        match SockRef::from(&*self.stream).shutdown(Shutdown::Write) {
            // The peer was faster.
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    /// Tries `operation` until it does not block, waiting with `poll_ready` in between.
    fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        poll_ready: impl Fn(&TcpStream, &mut Context<'_>) -> Poll<io::Result<()>>,
        mut operation: impl FnMut(&TcpStream) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            ready!(poll_ready(&self.stream, cx))?;
            match operation(&self.stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.poll_io(cx, TcpStream::poll_read_ready, |stream| read(stream, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_io(cx, TcpStream::poll_write_ready, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_io(cx, TcpStream::poll_write_ready, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// What was written is with the kernel, which sends it without being asked.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shut_down())
    }
}

/// Reads what there is. After fewer bytes than there is room for nothing is left, so the stream is not ready until more
/// comes: trying again would be a system call for nothing. (Urgent data ends a read, too: what a client sends behind that is
/// read with what comes next.)
fn read(stream: &TcpStream, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
    let room = buffer.remaining();
    let mut count = None;
    // `WouldBlock` takes back the readiness that there was before the read, and none that came since. The end of the
    // stream stays known.
    let result = stream.try_io(Interest::READABLE, || {
        let read = stream.try_read_buf(buffer)?;
        count = Some(read);
        if (1..room).contains(&read) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    if count.is_some() { Ok(()) } else { result }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// How long what must happen may take, and how long what must not happen is given to happen.
    const DEADLINE: Duration = Duration::from_secs(20);

    async fn pair() -> (std::net::TcpStream, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (client, Socket::new(stream))
    }

    async fn assert_tells(socket: &Socket) {
        tokio::time::timeout(DEADLINE, socket.disconnected().wait()).await.unwrap();
        // And again, to whoever asks later.
        tokio::time::timeout(DEADLINE, socket.disconnected().wait()).await.unwrap();
    }

    /// Reads what the client sent, byte by byte, and fails if the socket tells of a departure by then.
    async fn assert_silent_while_reading(socket: &Socket, expected: &[u8]) {
        let mut reader = socket.clone();
        let mut found = vec![0; expected.len()];
        tokio::select! {
            biased;
            () = socket.closed_by_peer() => panic!("the client has not left"),
            result = reader.read_exact(&mut found) => { result.unwrap(); }
        }
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn a_half_close_is_told_behind_unread_bytes() {
        let (mut client, socket) = pair().await;
        client.write_all(&[b'x'; 5000]).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_tells(&socket).await;
    }

    #[tokio::test]
    async fn a_reset_is_told_behind_unread_bytes() {
        let (mut client, socket) = pair().await;
        client.write_all(&[b'x'; 5000]).unwrap();
        SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        assert_tells(&socket).await;
    }

    #[tokio::test]
    async fn a_close_is_told_to_everybody_who_waits() {
        let (client, socket) = pair().await;
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let disconnected = socket.disconnected();
                tokio::spawn(async move { disconnected.wait().await })
            })
            .collect();
        drop(client);
        for task in waiting {
            tokio::time::timeout(DEADLINE, task).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn bytes_and_urgent_data_are_no_departure() {
        let (mut client, socket) = pair().await;
        client.write_all(b"one").unwrap();
        assert_silent_while_reading(&socket, b"one").await;
        // The last byte of urgent data travels beside the others.
        SockRef::from(&client).send_out_of_band(b"two!").unwrap();
        assert_silent_while_reading(&socket, b"two").await;
        client.write_all(b"three").unwrap();
        assert_silent_while_reading(&socket, b"three").await;
        drop(client);
        assert_tells(&socket).await;
    }
}
