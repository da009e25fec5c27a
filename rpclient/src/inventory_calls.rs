//! The calls about the inventory.

use bytes::Bytes;
use http::{Method, header};
use respo::wire::{InventoryAnswer, InventoryRevisions};

use crate::client::{Client, YAML};
use crate::error::Error;

impl Client {
    /// The inventory as YAML, with the properties of all entities.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `unauthorized` if the server wants an administrator's token.
    pub async fn inventory(&self) -> Result<String, Error> {
        self.yaml("/inventory").await
    }

    /// The inventory of a pool as it was in an earlier revision, as YAML.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `no_such_revision` if it is not kept, `pool_required` if the server
    /// has several pools and the client names none, or `unauthorized`.
    pub async fn inventory_of(&self, revision: u64) -> Result<String, Error> {
        self.yaml(&self.with_pool(&format!("/inventory?revision={revision}"))).await
    }

    /// The revisions of each pool's inventory that are kept, or those of the client's pool.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `unauthorized` if the server wants an administrator's token.
    pub async fn inventory_revisions(&self) -> Result<InventoryRevisions, Error> {
        let call = self.call(Method::GET, &self.with_pool("/v1/inventory/revisions"));
        self.json(self.as_administrator(call)).await
    }

    /// Replaces the inventory, or, as a dry run, says what would change.
    ///
    /// # Errors
    /// [`Error::InvalidInventory`] lists every mistake; nothing was changed then.
    pub async fn push_inventory(
        &self,
        yaml: &str,
        dry_run: bool,
    ) -> Result<InventoryAnswer, Error> {
        let path = if dry_run { "/inventory?dry_run=true" } else { "/inventory" };
        let call = self.call(Method::POST, path).header(header::CONTENT_TYPE, YAML);
        let body = Bytes::copy_from_slice(yaml.as_bytes());
        self.json_of(self.as_administrator(call), body).await
    }

    /// Puts an earlier revision of a pool's inventory in force again, or, as a dry run, says what would
    /// change.
    ///
    /// # Errors
    /// As for [`inventory_of`](Self::inventory_of); nothing was changed then.
    pub async fn revert_inventory(
        &self,
        revision: u64,
        dry_run: bool,
    ) -> Result<InventoryAnswer, Error> {
        let path = format!("/inventory?revision={revision}&dry_run={dry_run}");
        let call = self.call(Method::POST, &self.with_pool(&path));
        self.json(self.as_administrator(call)).await
    }

    async fn yaml(&self, path: &str) -> Result<String, Error> {
        let call = self.call(Method::GET, path).header(header::ACCEPT, YAML);
        let body = self.body(self.as_administrator(call), Bytes::new()).await?;
        String::from_utf8(body.into()).map_err(|error| self.protocol(error))
    }
}
