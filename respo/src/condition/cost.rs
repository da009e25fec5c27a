//! What the evaluation of an expression costs at most, found out without evaluating it.
//!
//! The library cannot be stopped once it evaluates, and copies values as it goes. So everything is counted
//! beforehand that it might do with values of the size that this resource has: a part that is evaluated
//! costs one unit each time, and so does each value that is copied or compared.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};
use cel::parser::Expression;
use serde_json::Value;

use super::check::RESULT;
use super::environment::IN_ORDER;
use super::values::MAX_VALUE_DEPTH;
use crate::inventory::Resource;

/// Texts are copied and compared fast: so many bytes cost as much as a value.
const BYTES_PER_UNIT: usize = 32;
/// The longest that a number becomes as a text: the digits of the largest double.
const NUMBER_AS_TEXT: u64 = 400 / BYTES_PER_UNIT as u64;
/// What sorting costs for each key.
const SORTING: u64 = 2;

/// Upper bounds of the size of a value.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Of the whole, with all that is in it, in units.
    whole: u64,
    /// How many items the largest collection in it has.
    items: u64,
    /// The largest item of a list, or key of a map, in it, in units.
    item: u64,
}

const SCALAR: Size = Size { whole: 1, items: 0, item: 1 };

impl Size {
    fn of_text(text: &str) -> Self {
        let whole = units(1 + text.len() / BYTES_PER_UNIT);
        Self { whole, ..SCALAR }
    }

    /// A collection with so many items, which add up to `inner`.
    fn around(items: usize, inner: Self) -> Self {
        let items = inner.items.max(units(items));
        Self { whole: inner.whole.saturating_add(1), items, item: inner.item }
    }

    /// Both side by side.
    fn and(self, other: Self) -> Self {
        let whole = self.whole.saturating_add(other.whole);
        Self { whole, ..self.or(other) }
    }

    /// Either.
    fn or(self, other: Self) -> Self {
        Self {
            whole: self.whole.max(other.whole),
            items: self.items.max(other.items),
            item: self.item.max(other.item),
        }
    }

    /// It is an item of a list, or a key.
    fn as_item(self) -> Self {
        Self { item: self.item.max(self.whole), ..self }
    }
}

fn units(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// An upper bound of what it costs to evaluate `expression` for `resource`.
pub(super) fn estimate(
    expression: &Expression,
    resource: &Resource,
    variables: &BTreeSet<&'static str>,
) -> u64 {
    let sizes: Vec<(&str, Size)> =
        variables.iter().map(|name| (*name, size_of(resource, name))).collect();
    // Each variable is built anew.
    let building = sizes.iter().fold(0u64, |sum, (_, size)| sum.saturating_add(size.whole));
    let mut estimate = Estimate { sizes, cost: building };
    estimate.node(expression, 1);
    estimate.cost
}

fn size_of(resource: &Resource, variable: &str) -> Size {
    let text = |text: Option<&str>| text.map_or(SCALAR, Size::of_text);
    match variable {
        "name" => text(Some(resource.name.as_str())),
        "location" => text(resource.location.as_ref().map(|label| label.as_str())),
        "description" => text(resource.description.as_ref().map(|text| text.as_str())),
        "endpoint" => text(resource.endpoint.as_ref().map(|text| text.as_str())),
        "attributes" => size_of_words(resource.attributes.iter().map(|word| word.as_str())),
        "properties" => size_of_properties(&resource.properties),
        _ => {
            let entities = resource.entities.iter().map(|(name, entity)| {
                let words = size_of_words(entity.attributes.iter().map(|word| word.as_str()));
                let parts = words.and(size_of_properties(&entity.properties));
                Size::of_text(name.as_str()).as_item().and(Size::around(2, parts))
            });
            Size::around(resource.entities.len(), together(entities))
        }
    }
}

fn together(sizes: impl Iterator<Item = Size>) -> Size {
    sizes.fold(Size { whole: 0, ..SCALAR }, Size::and)
}

fn size_of_words<'w>(words: impl Iterator<Item = &'w str> + Clone) -> Size {
    let items = words.clone().count();
    Size::around(items, together(words.map(|word| Size::of_text(word).as_item())))
}

fn size_of_properties(properties: &BTreeMap<String, Value>) -> Size {
    let each = properties.iter();
    let sizes = each.map(|(key, value)| Size::of_text(key).as_item().and(size_of_json(value, 0)));
    Size::around(properties.len(), together(sizes))
}

fn size_of_json(value: &Value, depth: usize) -> Size {
    match value {
        Value::String(text) => Size::of_text(text),
        Value::Array(items) if depth < MAX_VALUE_DEPTH => {
            let sizes = items.iter().map(|item| size_of_json(item, depth + 1).as_item());
            Size::around(items.len(), together(sizes))
        }
        Value::Object(entries) if depth < MAX_VALUE_DEPTH => {
            let sizes = entries.iter().map(|(key, value)| {
                Size::of_text(key).as_item().and(size_of_json(value, depth + 1))
            });
            Size::around(entries.len(), together(sizes))
        }
        _ => SCALAR,
    }
}

struct Estimate<'e> {
    /// Of the variables that there are here, innermost last.
    sizes: Vec<(&'e str, Size)>,
    cost: u64,
}

impl<'e> Estimate<'e> {
    fn pay(&mut self, units: u64, times: u64) {
        self.cost = self.cost.saturating_add(units.saturating_mul(times));
    }

    /// Counts what it costs to evaluate a part so many `times`, and says how large its value is.
    fn node(&mut self, node: &'e Expression, times: u64) -> Size {
        self.pay(1, times);
        match &node.expr {
            Expr::Literal(LiteralValue::String(text)) => Size::of_text(text.inner()),
            Expr::Ident(name) => {
                let known = self.sizes.iter().rev().find(|(known, _)| known == name);
                known.map_or(SCALAR, |(_, size)| *size)
            }
            Expr::Select(select) => {
                let operand = self.node(&select.operand, times);
                if select.test { SCALAR } else { operand }
            }
            Expr::List(list) => {
                let items: Vec<Size> =
                    list.elements.iter().map(|item| self.node(item, times).as_item()).collect();
                let size = Size::around(items.len(), together(items.into_iter()));
                self.pay(size.whole, times);
                size
            }
            Expr::Call(call) => self.call(call, times),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, times),
            // There are no others.
            _ => SCALAR,
        }
    }

    fn call(&mut self, call: &'e CallExpr, times: u64) -> Size {
        let target = call.target.as_deref().into_iter();
        let sizes: Vec<Size> = target.chain(&call.args).map(|one| self.node(one, times)).collect();
        let all = together(sizes.iter().copied());
        let (first, second) = match sizes[..] {
            [first, second] => (first, second),
            [first, ..] => (first, first),
            [] => (SCALAR, SCALAR),
        };
        let (work, size) = match call.func_name.as_str() {
            operators::CONDITIONAL => (0, sizes.iter().skip(1).copied().fold(SCALAR, Size::or)),
            operators::INDEX => (second.whole, first),
            operators::IN => {
                (second.items.max(1).saturating_mul(first.whole.min(second.item)), SCALAR)
            }
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS => (first.whole.min(second.whole), SCALAR),
            operators::ADD => {
                let items = first.items.saturating_add(second.items);
                (all.whole, Size { items, ..all })
            }
            IN_ORDER => (first.items.saturating_mul(SORTING), first),
            "string" => {
                let whole = all.whole.saturating_add(NUMBER_AS_TEXT);
                (whole, Size { whole, ..SCALAR })
            }
            "size" | "contains" | "startsWith" | "endsWith" | "int" | "uint" | "double" => {
                (all.whole, SCALAR)
            }
            _ => (0, SCALAR),
        };
        self.pay(work, times);
        size
    }

    fn comprehension(&mut self, comprehension: &'e ComprehensionExpr, times: u64) -> Size {
        let range = self.node(&comprehension.iter_range, times);
        self.node(&comprehension.accu_init, times);
        let rounds = times.saturating_mul(range.items);
        // Each item is copied into the variable, which has a name.
        self.pay(range.item.saturating_add(2), rounds);
        // What has items is larger than they are many.
        let items = range.items.min(range.item.saturating_sub(1));
        let item = Size { whole: range.item, items, ..range };
        let result = Size { whole: 0, ..SCALAR };
        self.sizes.push((&comprehension.iter_var, item));
        self.sizes.push((RESULT, result));
        self.node(&comprehension.loop_cond, rounds);
        let step = self.node(&comprehension.loop_step, rounds);
        self.sizes.truncate(self.sizes.len() - 2);
        self.node(&comprehension.result, times);
        match &comprehension.accu_init.expr {
            Expr::List(_) => Size {
                whole: step.whole.saturating_mul(range.items).saturating_add(1),
                items: step.items.max(range.items),
                item: step.item,
            },
            _ => SCALAR,
        }
    }
}
