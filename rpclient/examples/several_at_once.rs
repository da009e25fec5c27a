//! Leases several resources, which are granted together or not at all.

use rpclient::{Client, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run("http://127.0.0.1:7373").await
}

pub(crate) async fn run(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    // A phone and the relay that it is wired to, and any two of the boards.
    let needs = ["+phone platform=android @cell", "+relay @cell", "2 +board"];
    let needs = needs.map(str::parse).into_iter().collect::<Result<_, _>>()?;
    let lease = Client::new(url)?.acquire(&Request::new(needs)?).await?;
    // One list for each requirement, in their order.
    let [phone, relay, boards] = lease.resources() else { unreachable!() };
    println!("{} with {}, and {} boards", phone[0].name, relay[0].name, boards.len());
    lease.release().await?;
    Ok(())
}
