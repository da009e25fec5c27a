//! One call, with what every one of them needs.

use bytes::Bytes;
use respo::broker::Broker;
use respo::yaml::InventoryDocument;
use warp::http::HeaderMap;

use super::Family;
use super::fault::Fault;
use super::input::Query;
use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::peer::Disconnected;
use crate::problem::Problem;

/// A call that has been read, and the pool that it is about.
pub(super) struct Visit {
    pub(super) family: Family,
    pub(super) broker: Broker,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) disconnected: Disconnected,
}

impl Visit {
    /// Reads a call to its end and finds its pool: the one that `pool=` names, or the only one, or, since
    /// rent-a-bot's clients cannot name one, the one that is called as rent-a-bot's descriptors are.
    pub(super) async fn open(api: &Api, family: Family, mut call: Call) -> Result<Self, Fault> {
        let query = Query::parse(&call.query);
        let broker = match query.last("pool") {
            Some(name) => api.pools.select(Some(name)),
            None => api.pools.select(None).or_else(|error| {
                let own = InventoryDocument::descriptor_pool();
                api.pools.select(Some(own.as_str())).map_err(|_| error)
            }),
        };
        let broker = broker.map_err(Problem::from)?.clone();
        let body = body::read_request(api, &mut call).await?;
        let disconnected = call.disconnected();
        Ok(Self { family, broker, query, headers: call.headers, body, disconnected })
    }
}
