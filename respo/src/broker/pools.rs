//! The pools that one daemon serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Broker;
use crate::names::Label;

/// The pools that one daemon serves, by name.
#[derive(Debug, Clone)]
pub struct Pools(Arc<BTreeMap<Label, Broker>>);

/// Why it is not clear which pool is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// None is named, and there are several.
    #[error("there are several pools; say which one with pool=NAME: {}", list(.0))]
    Required(Vec<Label>),
    /// There is none of this name.
    #[error("there is no pool {name:?}; there is {}", list(.pools))]
    NoSuch {
        /// The name that was given.
        name: String,
        /// Those that there are.
        pools: Vec<Label>,
    },
}

fn list(pools: &[Label]) -> String {
    pools.iter().map(|pool| format!("{:?}", pool.as_str())).collect::<Vec<_>>().join(", ")
}

impl Pools {
    /// These pools. Of two with one name, the later one counts.
    #[must_use]
    pub fn new(brokers: impl IntoIterator<Item = Broker>) -> Self {
        let by_name = brokers.into_iter().map(|broker| (broker.pool().clone(), broker));
        Self(Arc::new(by_name.collect()))
    }

    /// Every pool, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = &Broker> {
        self.0.values()
    }

    /// The pool of this name, or the only one.
    ///
    /// # Errors
    /// [`PoolError`] lists the pools that there are.
    pub fn select(&self, name: Option<&str>) -> Result<&Broker, PoolError> {
        let names = || self.0.keys().cloned().collect();
        match name {
            Some(name) => self
                .0
                .get(name)
                .ok_or_else(|| PoolError::NoSuch { name: name.to_owned(), pools: names() }),
            None => {
                let mut all = self.0.values();
                match (all.next(), all.next()) {
                    (Some(only), None) => Ok(only),
                    _ => Err(PoolError::Required(names())),
                }
            }
        }
    }
}
