//! Builds the tree from the events of the parser and keeps it within bounds.
//!
//! An alias shares the content of its anchor, so building is cheap however often it is used.
//! Walking the tree is not: what it would cost with every alias written out is counted and bounded.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::load::{problem_at, too_deep, too_many_nodes};
use super::node::{Content, Meaning, Node, Place};
use super::problem::InventoryProblem;
use super::{MAX_DEPTH, MAX_EXPANDED_BYTES, MAX_NODES};

/// How large a value is with every alias in it written out.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    nodes: usize,
    bytes: usize,
    /// How many lists and maps are nested in it, itself included.
    height: usize,
}

/// A list or map that is not yet complete.
#[derive(Debug)]
struct Open {
    place: Place,
    anchor: usize,
    tag: Option<String>,
    extent: Extent,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    List(Vec<Node>),
    /// The pairs so far, and the key whose value comes next.
    Map(Vec<(Node, Node)>, Option<Node>),
}

/// Takes what the events say, innermost last.
#[derive(Debug, Default)]
pub(super) struct Builder {
    open: Vec<Open>,
    anchored: BTreeMap<usize, (Node, Extent)>,
    root: Option<Node>,
    /// The whole document so far.
    total: Extent,
    has_aliases: bool,
}

type Built = Result<(), InventoryProblem>;

impl Builder {
    /// The document's value once it is complete.
    pub(super) fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    pub(super) fn into_root(self) -> Option<Node> {
        self.root
    }

    pub(super) fn scalar(
        &mut self,
        place: Place,
        anchor: usize,
        text: String,
        meaning: Meaning,
    ) -> Built {
        let extent = Extent { nodes: 1, bytes: text.len(), height: 0 };
        let content = Content::Scalar(text.into_boxed_str(), meaning);
        self.complete(place, anchor, content, extent, extent)
    }

    pub(super) fn tagged_scalar(&mut self, place: Place, anchor: usize, tag: String) -> Built {
        let extent = Extent { nodes: 1, bytes: tag.len(), height: 0 };
        self.complete(place, anchor, Content::Tagged(tag), extent, extent)
    }

    pub(super) fn open_list(&mut self, place: Place, anchor: usize, tag: Option<String>) -> Built {
        self.open(place, anchor, tag, Parts::List(Vec::new()))
    }

    pub(super) fn open_map(&mut self, place: Place, anchor: usize, tag: Option<String>) -> Built {
        self.open(place, anchor, tag, Parts::Map(Vec::new(), None))
    }

    fn open(&mut self, place: Place, anchor: usize, tag: Option<String>, parts: Parts) -> Built {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(place));
        }
        let extent = Extent { nodes: 1, bytes: 0, height: 1 };
        self.open.push(Open { place, anchor, tag, extent, parts });
        Ok(())
    }

    /// Completes the innermost list or map.
    pub(super) fn close(&mut self) -> Built {
        let Some(Open { place, anchor, tag, extent, parts }) = self.open.pop() else {
            return Ok(());
        };
        let content = match (tag, parts) {
            (Some(tag), _) => Content::Tagged(tag),
            (None, Parts::List(items)) => Content::List(items),
            (None, Parts::Map(pairs, _)) => Content::Map(pairs),
        };
        let own = Extent { nodes: 1, bytes: 0, height: 0 };
        self.complete(place, anchor, content, extent, own)
    }

    pub(super) fn alias(&mut self, place: Place, anchor: usize) -> Built {
        self.has_aliases = true;
        // The parser knows an anchor from its start, but a value cannot contain itself.
        let Some((node, extent)) = self.anchored.get(&anchor) else {
            return Err(problem_at(
                place,
                "an alias inside of the value that it stands for",
                "write the value out",
            ));
        };
        let extent = *extent;
        if self.open.len() + extent.height > MAX_DEPTH {
            return Err(too_deep(place));
        }
        let content = Rc::clone(&node.content);
        self.count(place, extent)?;
        self.put(Node { place, content }, extent);
        Ok(())
    }

    /// Takes a value: `extent` is all of it, `own` what has not been counted with its parts.
    fn complete(
        &mut self,
        place: Place,
        anchor: usize,
        content: Content,
        extent: Extent,
        own: Extent,
    ) -> Built {
        self.count(place, own)?;
        let node = Node { place, content: Rc::new(content) };
        // 0 stands for no anchor.
        if anchor > 0 {
            self.anchored.insert(anchor, (node.clone(), extent));
        }
        self.put(node, extent);
        Ok(())
    }

    fn count(&mut self, place: Place, more: Extent) -> Built {
        self.total.nodes = self.total.nodes.saturating_add(more.nodes);
        self.total.bytes = self.total.bytes.saturating_add(more.bytes);
        if self.total.nodes <= MAX_NODES && self.total.bytes <= MAX_EXPANDED_BYTES {
            return Ok(());
        }
        if !self.has_aliases {
            return Err(too_many_nodes());
        }
        let problem = format!(
            "written out, the aliases up to here make more than {MAX_NODES} values or \
             {MAX_EXPANDED_BYTES} bytes"
        );
        Err(problem_at(place, problem, "use fewer aliases of smaller values"))
    }

    fn put(&mut self, node: Node, extent: Extent) {
        let Some(parent) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        parent.extent.nodes = parent.extent.nodes.saturating_add(extent.nodes);
        parent.extent.bytes = parent.extent.bytes.saturating_add(extent.bytes);
        parent.extent.height = parent.extent.height.max(extent.height + 1);
        match &mut parent.parts {
            Parts::List(items) => items.push(node),
            Parts::Map(pairs, key) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(node),
            },
        }
    }
}
