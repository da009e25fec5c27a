//! Leases for a time and renews that, without a lasting connection.

use std::time::Duration;

use rpclient::{Client, Hold, Request, Standing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run("http://127.0.0.1:7373").await
}

pub(crate) async fn run(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(url)?;
    let mut request = Request::new(vec!["bench-1".parse()?])?;
    request.hold = Hold::Ttl { ttl: Duration::from_secs(600) };
    let lease = client.create_lease(&request, None).await?;
    let mut standing = lease.standing;
    while let Standing::Waiting(place) = standing {
        println!("place {} of {}", place.request.position, place.request.of);
        let (wait, known) = (Duration::from_secs(30), Some(place.request.position));
        standing = client.await_change(lease.id, &lease.token, wait, known).await?;
    }
    // From here on, within 600 s each time:
    client.renew(lease.id, &lease.token, None).await?;
    client.release(lease.id, &lease.token).await?;
    Ok(())
}
