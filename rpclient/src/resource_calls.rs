//! The call about the resources that match.

use http::{Method, header};
use respo::Selector;
use respo::wire::{PooledResource, ResourceList};

use crate::client::{Client, JSON};
use crate::error::Error;

impl Client {
    /// The resources that match, of every pool or of the client's. The server decides by everything that is
    /// known of a resource, properties included; they are not shown.
    ///
    /// ```no_run
    /// # async fn example(client: rpclient::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let phones = client.resources(&"attributes=phone&property=platform=android".parse()?).await?;
    /// for phone in phones {
    ///     println!("{}: {}", phone.resource.name, phone.resource.state.code());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `no_such_pool`, and whatever keeps the server from answering.
    pub async fn resources(&self, selector: &Selector) -> Result<Vec<PooledResource>, Error> {
        let mut path = "/v1/resources".to_owned();
        if *selector != Selector::any() {
            path.push_str(&format!("?{selector}"));
        }
        let path = self.with_pool(&path);
        let call = self.call(Method::GET, &path).header(header::ACCEPT, JSON);
        let list: ResourceList = self.json(call).await?;
        Ok(list.resources)
    }
}
