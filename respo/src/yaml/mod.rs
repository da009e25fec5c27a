//! The inventory as YAML: reading and checking it, writing it, and its JSON Schema.
//!
//! ```yaml
//! pool:
//!   name: "software update testbenches"
//!   hold_back_after: 5m             # rules, see `Rules`; each may be left out
//!   max_leases: {per_holder: 3, per_group: 10}
//!   group_tag: pipeline             # requests with the same value of this tag are a group
//!   resources:
//!     resource1:
//!       attributes: [a, b]          # or `tags: "a b"`
//!       location: office1
//!       description: next to the window
//!       endpoint: https://bench-1.example
//!       properties: {firmware: {channel: stable}}
//!       entities:
//!         programmer:
//!           attributes: [c, d]
//!           properties: {socket: "127.0.0.1:1234", api_key: xyz}
//!     resource2:                    # nothing is said about it
//!   stacks:                         # what is wired together, by name
//!     - [resource1, resource2]
//! ```
//!
//! - At the top there is either `pool`, or `pools` with a list of such maps whose names differ.
//! - `tags` is a synonym of `attributes`; only one of them may be given. Either is a list without
//!   repetition, or one text of words between spaces or commas.
//! - The rules of a pool are `ephemeral` (`true` or `false`), `hold_back_after` (a duration such as
//!   `5m`, or a number of seconds), `max_leases` and `max_resources` (maps with `per_holder` and
//!   `per_group`, whole numbers from 1 on), and `group_tag`. [`Rules`](crate::Rules) says what they mean.
//! - A stack names 2 to 64 resources of its pool, each once. Stacks may overlap; two with the same
//!   resources are a mistake.
//! - Nothing (`key:` alone, `~`, `null`) where a map or a list is expected means an empty one.
//!   Where a text, a number, a boolean or a duration is expected it is a mistake.
//! - Where a text is expected, a number or a boolean is taken as it is written: `location: 12` is
//!   the text `12`, and a resource may be called `1`.
//! - `id` is a whole number from 1 to 4294967295, for clients that know resources by number; no two
//!   resources of a pool have the same. What it is without is in [`Resource::numeric_id`].
//! - `properties` are free-form, with whatever JSON can hold, and `null` among it. Their keys are
//!   texts; one that looks like a number, a boolean or nothing must be in quotes. Values follow the
//!   YAML 1.2 core schema, except that a number stays a text where digits would be lost: with
//!   leading zeros (`007`), beyond 64 bits, or beyond the range of a double.
//! - Anchors and aliases may be used. Merge keys (`<<`) and tags other than YAML's own for the same
//!   value (`!!str 1`) are mistakes, so that nothing is silently read otherwise than meant.
//! - A document has at most 16 MiB, 64 levels and a million values, aliases written out.
//!
//! What rent-a-bot, another server for the same purpose, reads as its resources can be read as well:
//! see [`InventoryDocument::parse_descriptor`]. So can the `stacks` that AVE's broker is configured with: see
//! [`InventoryDocument::parse_stacks`].
//!
//! Every mistake is reported, in the order of the file. What the parser cannot read at all is one
//! mistake, and what comes after it is not looked at.
//!
//! [`Resource::numeric_id`]: crate::Resource::numeric_id

mod ave;
mod build;
mod check;
mod entries;
mod load;
mod node;
mod numbers;
mod path;
mod problem;
mod properties;
mod rentabot;
mod rules;
mod scalar;
mod schema;
mod shape;
mod stacks;
mod words;
mod write;

pub use problem::{InventoryProblem, InventoryProblems, MAX_PROBLEMS};
pub use schema::json_schema;

use crate::{Inventory, Label};

/// The largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
/// The most levels of lists and maps.
pub const MAX_DEPTH: usize = 64;
/// The most values in a document, counting keys, lists and maps, with every alias written out.
pub const MAX_NODES: usize = 1_000_000;
/// The most text in a document with every alias written out. Without aliases it is never reached:
/// an escape makes at most three bytes of two.
const MAX_EXPANDED_BYTES: usize = 2 * MAX_DOCUMENT_BYTES;

/// What an inventory file says: one or more pools, in the order of the file.
///
/// ```
/// use respo::yaml::InventoryDocument;
///
/// let document = InventoryDocument::parse(
///     "pool:\n  name: lab\n  resources:\n    bench-1: {location: office1, tags: [can]}\n",
/// )?;
/// let (name, inventory) = &document.pools[0];
/// assert_eq!((name.as_str(), inventory.len()), ("lab", 1));
/// assert_eq!(InventoryDocument::parse(&document.to_yaml())?, document);
/// # Ok::<_, respo::yaml::InventoryProblems>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct InventoryDocument {
    /// Each pool's name and what it has; at least one, and no name twice.
    pub pools: Vec<(Label, Inventory)>,
    /// Whether the ids of the resources say no more than their places in the file, as in a
    /// [descriptor](Self::parse_descriptor). Then resources that are there already keep the ids that they
    /// have: see [`Inventory::keeping_ids_of`].
    pub ids_are_places: bool,
}

impl InventoryDocument {
    /// Of these pools.
    #[must_use]
    pub fn new(pools: Vec<(Label, Inventory)>) -> Self {
        Self { pools, ids_are_places: false }
    }

    /// Reads and checks an inventory.
    ///
    /// # Errors
    /// Every mistake in it. No input makes it panic, nor take memory or time out of proportion to
    /// its length and the bounds above.
    pub fn parse(text: &str) -> Result<Self, InventoryProblems> {
        match load::load(text) {
            Ok((root, second_document)) => check::check(&root, second_document),
            Err(problem) => Err(InventoryProblems(vec![problem])),
        }
    }

    /// Reads and checks the descriptor of rent-a-bot as what the only pool has.
    ///
    /// It is a map from the names of resources to maps with `description`, `endpoint` and `tags`, each of
    /// which may be left out or empty. Tags are words between commas or blanks, or a list of such texts, and
    /// become attributes. Other keys, which rent-a-bot passes over, become properties. Ids count the
    /// resources from 1 on in the order of the file, as rent-a-bot's do.
    ///
    /// ```
    /// use respo::Label;
    /// use respo::yaml::InventoryDocument;
    ///
    /// let descriptor = "coffee-machine:\n  description: in the kitchen\n  tags: coffee,kitchen\n";
    /// let document = InventoryDocument::parse_descriptor(descriptor, &Label::new("lab")?)?;
    /// assert_eq!(
    ///     document.to_yaml(),
    ///     "\
    /// pool:
    ///   name: lab
    ///   resources:
    ///     coffee-machine:
    ///       id: 1
    ///       attributes:
    ///       - coffee
    ///       - kitchen
    ///       description: in the kitchen
    /// ",
    /// );
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Every mistake in it, such as a name that has a blank in it.
    pub fn parse_descriptor(text: &str, pool: &Label) -> Result<Self, InventoryProblems> {
        match load::load(text) {
            Ok((root, second_document)) => rentabot::read(&root, second_document, pool),
            Err(problem) => Err(InventoryProblems(vec![problem])),
        }
    }

    /// Reads and checks the configuration of AVE's broker (`broker.json`) as what the only pool has: the
    /// equipment in its `stacks`, and these.
    ///
    /// A stack is a list of profiles, maps with a `type` and a `serial`, `imei` or `uid`. Each becomes a resource
    /// that is called by these, with the type as its attribute and the whole profile as its properties. A
    /// profile that is in several stacks is one resource. A stack of one is no stack, but its profile is a
    /// resource. Other keys of the configuration, such as `port`, are passed over.
    ///
    /// ```
    /// use respo::Label;
    /// use respo::yaml::InventoryDocument;
    ///
    /// let configuration = r#"{"stacks": [[{"type": "handset", "serial": "CB1"}, {"type": "relay", "uid": "a"}]]}"#;
    /// let document = InventoryDocument::parse_stacks(configuration, &Label::new("lab")?)?;
    /// assert_eq!(
    ///     document.to_yaml(),
    ///     "\
    /// pool:
    ///   name: lab
    ///   resources:
    ///     handset-CB1:
    ///       attributes:
    ///       - handset
    ///       properties:
    ///         serial: CB1
    ///         type: handset
    ///     relay-a:
    ///       attributes:
    ///       - relay
    ///       properties:
    ///         type: relay
    ///         uid: a
    ///   stacks:
    ///   - - handset-CB1
    ///     - relay-a
    /// ",
    /// );
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Every mistake in it, such as a profile that has no `type`.
    pub fn parse_stacks(text: &str, pool: &Label) -> Result<Self, InventoryProblems> {
        match load::load(text) {
            Ok((root, second_document)) => ave::read(&root, second_document, pool),
            Err(problem) => Err(InventoryProblems(vec![problem])),
        }
    }

    /// Reads and checks an inventory or, if that is what the file looks like, a descriptor of rent-a-bot or the
    /// configuration of AVE's broker. The pool of the former is called `rent-a-bot`, that of the latter `ave`.
    ///
    /// It looks like a descriptor if it is a map from names to maps, one of which has `description`,
    /// `endpoint` or `tags`, and if neither `pool` nor `pools` is among the names. It looks like a
    /// configuration if it has `stacks` with maps in them, and neither `pool`, `pools` nor `resources`.
    ///
    /// # Errors
    /// Every mistake in it. Where it is none of these, those that it has as an inventory.
    pub fn parse_any(text: &str) -> Result<Self, InventoryProblems> {
        Self::parse_any_of(text, None)
    }

    /// The same, with `pool` as the name of the pool where the file is no inventory and does not name one.
    ///
    /// # Errors
    /// As of [`parse_any`](Self::parse_any).
    pub fn parse_any_as(text: &str, pool: &Label) -> Result<Self, InventoryProblems> {
        Self::parse_any_of(text, Some(pool))
    }

    fn parse_any_of(text: &str, pool: Option<&Label>) -> Result<Self, InventoryProblems> {
        let (root, second_document) =
            load::load(text).map_err(|problem| InventoryProblems(vec![problem]))?;
        let named = |own: Label| pool.cloned().unwrap_or(own);
        if rentabot::is_descriptor(&root) {
            rentabot::read(&root, second_document, &named(Self::descriptor_pool()))
        } else if ave::is_configuration(&root) {
            ave::read(&root, second_document, &named(Self::stacks_pool()))
        } else {
            check::check(&root, second_document).map_err(check::naming_others)
        }
    }

    /// What the pool of a descriptor is called where nothing else is said: `rent-a-bot`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the text is a label")]
    pub fn descriptor_pool() -> Label {
        Label::new("rent-a-bot").expect("a printable text is a label")
    }

    /// What the pool of AVE's stacks is called where nothing else is said: `ave`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the text is a label")]
    pub fn stacks_pool() -> Label {
        Label::new("ave").expect("a printable text is a label")
    }

    /// The text of a file, which must be UTF-8.
    ///
    /// # Errors
    /// The line in which it stops to be.
    pub fn decode(bytes: &[u8]) -> Result<&str, InventoryProblems> {
        std::str::from_utf8(bytes).map_err(|error| {
            let valid = &bytes[..error.valid_up_to()];
            let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
            InventoryProblems(vec![InventoryProblem {
                path: String::new(),
                line: Some(line),
                column: None,
                problem: "bytes that are not UTF-8".to_owned(),
                remedy: "save the file as UTF-8".to_owned(),
            }])
        })
    }

    /// Writes it as YAML that [`parse`](Self::parse) reads back to an equal document, in block
    /// style, with resources and entities in the order of their names.
    ///
    /// Of an inventory that was not read from YAML there are things that cannot be read back: a property
    /// that is called `<<`, rules that no file can say (a limit of 0, `hold_back_after` beyond
    /// [`MAX_DURATION`](crate::MAX_DURATION) or in fractions of a microsecond), and more than
    /// [`MAX_DOCUMENT_BYTES`].
    #[must_use]
    pub fn to_yaml(&self) -> String {
        write::to_yaml(&self.pools)
    }
}
