//! Waits in line for a bench, and works for as long as it has it.

use std::time::Duration;

use rpclient::{Client, Name, Notice, Request, Selector, Wait};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run("http://127.0.0.1:7373").await
}

pub(crate) async fn run(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(url)?;
    let mut request = Request::one(Selector::named(Name::new("bench-1")?));
    request.wait = Wait::UpTo(Duration::from_secs(600));

    let mut pending = client.request(&request).await?;
    while let Some(notice) = pending.next().await {
        if let Notice::Queued(place) = notice {
            println!("place {} of {}", place.position, place.of);
        }
    }
    let lease = pending.granted().await?;
    println!("holding {}", lease.resource().name);

    // The work is stopped where it stands if the lease is lost.
    lease.while_held(tokio::time::sleep(Duration::from_secs(1))).await?;
    lease.release().await?;
    Ok(())
}
