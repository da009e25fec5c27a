//! Bytes behind the request must not hide that its client has left: while an HTTP server has bytes of
//! a connection that it has not taken, it may not notice the end that follows them.

use respo::wire::ResourceState;
use tests::inventories::ONE_BENCH;
use tests::{Connection, Daemon, LockStream};

/// The ways in which a connection ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Close,
    Reset,
    HalfClose,
}

const ENDINGS: [Ending; 3] = [Ending::Close, Ending::Reset, Ending::HalfClose];

/// Ends the connection and waits until the daemon has noticed.
async fn leave(daemon: &Daemon, connection: Connection, ending: Ending) {
    match ending {
        Ending::Close => connection.close(),
        Ending::Reset => connection.reset(),
        Ending::HalfClose => {
            connection.finish_sending();
            daemon.expect_idle().await;
            drop(connection);
        }
    }
    daemon.expect_idle().await;
}

/// What a client might send behind its request.
fn afterthoughts() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("an empty line", b"\r\n".to_vec()),
        ("a request", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("half a request", b"GET / HT".to_vec()),
        ("another lock", b"POST /lock HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("rubbish", vec![0xff; 100]),
        ("much rubbish", vec![b'x'; 300_000]),
    ]
}

#[tokio::test]
async fn a_holder_that_sent_more_behind_its_request_and_left_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (what, bytes) in afterthoughts() {
        for ending in ENDINGS {
            println!("{what}, then {ending:?}");
            let mut connection = daemon.connect().await;
            let mut request = connection.request_head("POST", "/lock", &[]).into_bytes();
            request.extend(&bytes);
            // The daemon may take the extra bytes for the end of its client and close at once.
            if connection.try_send(request).await.is_err() {
                println!("it was closed before all was sent");
            }
            leave(&daemon, connection, ending).await;
        }
    }
}

#[tokio::test]
async fn a_holder_that_sends_something_later_and_leaves_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (what, bytes) in afterthoughts() {
        for ending in ENDINGS {
            println!("{what}, then {ending:?}");
            let mut stream = daemon.hold("").await;
            if stream.connection.try_send(&bytes).await.is_err() {
                println!("it was closed before all was sent");
            }
            leave(&daemon, stream.connection, ending).await;
        }
    }
}

#[tokio::test]
async fn a_waiter_that_sent_more_behind_its_request_and_left_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    for (what, bytes) in afterthoughts() {
        for ending in ENDINGS {
            println!("{what}, then {ending:?}");
            let mut connection = daemon.connect().await;
            let mut request = connection.request_head("POST", "/lock", &[]).into_bytes();
            request.extend(&bytes);
            if connection.try_send(request).await.is_err() {
                println!("it was closed before all was sent");
            }
            match ending {
                Ending::Close => connection.close(),
                Ending::Reset => connection.reset(),
                Ending::HalfClose => {
                    connection.finish_sending();
                    daemon.expect_waiting(0).await;
                }
            }
            daemon.expect_waiting(0).await;
        }
    }
    assert_eq!(daemon.resource("bench-1").await.unwrap().state, ResourceState::Leased);
    holder.close();
    daemon.expect_idle().await;
}

/// Sends a lock with this rest of its head, and this much of a body.
async fn send_lock(daemon: &Daemon, header: &str, body: &str) -> Connection {
    let mut connection = daemon.connect().await;
    connection.send(format!("POST /lock HTTP/1.1\r\nHost: x\r\n{header}\r\n{body}")).await;
    connection
}

/// The rest of a request that has a body, and whole: headers, and the body.
const BODIES: [(&str, &str, &str); 3] = [
    ("a body", "Content-Length: 5\r\n", "hello"),
    ("chunks", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
    ("more than is announced", "Content-Length: 5\r\n", "hello, world"),
];

#[tokio::test]
async fn a_lock_with_a_body_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (what, header, body) in BODIES {
        for ending in ENDINGS {
            println!("{what}, then {ending:?}");
            let mut connection = send_lock(&daemon, header, body).await;
            connection.reply().await.expect_problem(415, "unsupported_media_type");
            leave(&daemon, connection, ending).await;
        }
    }
}

/// What says in JSON that any bench is wanted, with its length, and in chunks.
const JSON_BODIES: [(&str, &str); 2] = [
    ("Content-Length: 21\r\n", "{\"requirements\":[{}]}"),
    ("Transfer-Encoding: chunked\r\n", "a\r\n{\"requirem\r\nb\r\nents\":[{}]}\r\n0\r\n\r\n"),
];

#[tokio::test]
async fn a_holder_that_asked_in_a_body_and_left_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (header, body) in JSON_BODIES {
        for (what, bytes) in [("nothing", Vec::new())].into_iter().chain(afterthoughts()) {
            for ending in ENDINGS {
                println!("{header}{what}, then {ending:?}");
                let header = format!("Content-Type: application/json\r\n{header}");
                let connection = send_lock(&daemon, &header, body).await;
                let mut stream = LockStream::on(connection).await.expect("200");
                stream.expect_granted().await;
                if stream.connection.try_send(&bytes).await.is_err() {
                    println!("it was closed before all was sent");
                }
                leave(&daemon, stream.connection, ending).await;
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_right_behind_its_body_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (header, body) in JSON_BODIES {
        for ending in ENDINGS {
            let header = format!("Content-Type: application/json\r\n{header}");
            let connection = send_lock(&daemon, &header, body).await;
            leave(&daemon, connection, ending).await;
            daemon.hold("wait=0").await.close();
            daemon.expect_idle().await;
        }
    }
}

/// The rest of a request whose body does not come, or not to its end.
const PARTIAL_BODIES: [(&str, &str, &str); 6] = [
    ("no byte of a body", "Content-Length: 5\r\n", ""),
    ("half of a body", "Content-Length: 5\r\n", "he"),
    ("a part of a large body", "Content-Length: 100000000\r\n", "hello"),
    ("no chunk", "Transfer-Encoding: chunked\r\n", ""),
    ("a part of a chunk", "Transfer-Encoding: chunked\r\n", "ff\r\nhello"),
    ("an announced body", "Content-Length: 5\r\nExpect: 100-continue\r\n", ""),
];

#[tokio::test]
async fn a_client_that_leaves_inside_the_body_of_its_lock_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (what, header, body) in PARTIAL_BODIES {
        for ending in ENDINGS {
            println!("{what}, then {ending:?}");
            for media_type in ["", "Content-Type: application/json\r\n"] {
                let header = format!("{media_type}{header}");
                let connection = send_lock(&daemon, &header, body).await;
                leave(&daemon, connection, ending).await;
                daemon.hold("wait=0").await.close();
                daemon.expect_idle().await;
            }
        }
    }
}

/// Parts of a body that would be a whole request if its connection ended there.
#[tokio::test]
async fn a_body_that_stops_half_way_leases_nothing() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let whole = r#"{"requirements":[{}]}   "#;
    for length in [0, 1, 20, 21, whole.len() - 1] {
        for ending in ENDINGS {
            println!("{length} bytes, then {ending:?}");
            let header =
                format!("Content-Type: application/json\r\nContent-Length: {}\r\n", whole.len());
            let connection = send_lock(&daemon, &header, &whole[..length]).await;
            leave(&daemon, connection, ending).await;
        }
    }
    let mut next = daemon.lock("").await;
    assert_eq!(next.expect_granted().await.id.0, 1, "nothing was asked for before");
}

#[tokio::test]
async fn a_lock_that_says_that_it_has_no_body_is_served() {
    let daemon = Daemon::start(ONE_BENCH).await;
    // What `curl -X POST -d ''` sends.
    let mut connection = daemon.connect().await;
    let head = connection.request_head("POST", "/lock", &[("Content-Length", "0")]);
    connection.send(head).await;
    let mut stream = LockStream::on(connection).await.expect("200");
    stream.expect_granted().await;
    leave(&daemon, stream.connection, Ending::HalfClose).await;
}

#[tokio::test]
async fn a_client_that_leaves_inside_its_request_leaves_nothing_behind() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for sent in ["POST", "POST /lock HTTP/1.1\r\n", "POST /lock HTTP/1.1\r\nHost: x\r\nContent-Le"]
    {
        for ending in ENDINGS {
            let mut connection = daemon.connect().await;
            connection.send(sent).await;
            leave(&daemon, connection, ending).await;
        }
    }
    daemon.hold("").await.close();
}
