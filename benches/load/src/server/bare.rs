//! Servers that do nothing but answer: what the transport alone can do. They run as this program, in a process
//! of their own, with as many threads as respod has.

use std::net::Ipv4Addr;
use std::process::Command;

use clap::ValueEnum;
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio_tungstenite::accept_async_with_config;
use warp::Filter;

use super::Server;
use crate::client::socket::small_buffers;
use crate::failure::{Doing, Failure};
use crate::process::Process;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bare {
    /// A WebSocket that says back what it is told, with buffers of 4 KiB.
    Echo,
    /// A warp endpoint that reads a body and answers with one.
    Warp,
}

pub(super) fn start(directory: TempDir, bare: Bare) -> Result<Server, Failure> {
    let mut command = Command::new(std::env::current_exe().doing("find this program")?);
    command.arg("serve").arg(match bare {
        Bare::Echo => "echo",
        Bare::Warp => "warp",
    });
    let mut process = Process::start(&mut command, directory.path())?;
    let address = process.listening()?;
    Ok(Server { process, address, _directory: directory })
}

/// Serves until it is killed.
pub(crate) fn serve(bare: Bare) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("listening on http://{}", listener.local_addr()?);
        match bare {
            Bare::Echo => echo(listener).await,
            Bare::Warp => {
                let answer = r#"{"id":1,"token":"0123456789abcdef0123456789abcdef","fence":1}"#;
                let route = warp::post().and(warp::path("bare")).and(warp::body::bytes());
                let route = route.map(move |_| {
                    warp::reply::with_header(answer, "content-type", "application/json")
                });
                warp::serve(route).incoming(listener).run().await;
                Ok(())
            }
        }
    })
}

async fn echo(listener: TcpListener) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(failure) = echo_one(stream).await {
                eprintln!("{failure}");
            }
        });
    }
}

async fn echo_one(stream: TcpStream) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let accepted = accept_async_with_config(stream, Some(small_buffers())).await;
    let mut socket = accepted.doing("open a WebSocket")?;
    while let Some(message) = socket.next().await {
        let message = message.doing("hear a message")?;
        if message.is_text() {
            socket.send(message).await.doing("say it back")?;
        }
    }
    Ok(())
}
