//! The call about the resources that match.

use http::{Method, header};
use respo::wire::ResourceOverview;
use respo::{Label, Selector};
use serde::{Deserialize, Serialize};

use crate::client::{Client, JSON};
use crate::error::Error;

/// A resource as everyone may know it, and the pool that it is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PooledResource {
    /// The pool.
    pub pool: Label,
    /// The resource.
    #[serde(flatten)]
    pub resource: ResourceOverview,
}

#[derive(Deserialize)]
struct ResourceList {
    resources: Vec<PooledResource>,
}

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
