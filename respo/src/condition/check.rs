//! What a parsed expression may consist of.

use std::collections::BTreeSet;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr, SourceInfo, operators,
};
use cel::parser::Expression;

use super::environment::IN_ORDER;
use super::values::VARIABLES;
use super::{ConditionError, MAX_CONDITION_LOOPS, MAX_CONDITION_NODES};

/// The name under which the parser keeps what a loop has found so far. No expression can name it.
pub(super) const RESULT: &str = "@result";

const OPERATORS: [&str; 18] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::IN,
];

/// Functions that are called like `size(x)`.
const FUNCTIONS: [&str; 5] = ["size", "int", "uint", "double", "string"];
/// Functions that are called like `x.contains(y)`, and how many arguments they have.
const METHODS: [(&str, usize); 4] =
    [("contains", 1), ("startsWith", 1), ("endsWith", 1), ("size", 0)];
/// What goes through a collection; the parser makes loops of them if they are called as they should be.
const LOOPS: [&str; 6] = ["all", "exists", "exists_one", "existsOne", "filter", "map"];

/// An expression that is fit to be evaluated.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) expression: Expression,
    /// Those of the variables that it uses.
    pub(super) variables: BTreeSet<&'static str>,
}

/// Checks an expression, and sees to it that maps are gone through in order.
pub(super) fn check(
    text: &str,
    mut expression: Expression,
    places: &SourceInfo,
) -> Result<Checked, ConditionError> {
    let mut check =
        Check { text, places, variables: BTreeSet::new(), bound: Vec::new(), nodes: 0, loops: 0 };
    if let Some(kind) = never_true_or_false(&expression) {
        let instead = "a condition is true or false, as with ==, in, < or has(…)";
        return Err(check.error(expression.id, &format!("the result is {kind}"), instead));
    }
    check.node(&mut expression)?;
    Ok(Checked { variables: check.variables, expression })
}

/// What an expression is, if it can be seen at once that it is no truth value.
fn never_true_or_false(expression: &Expression) -> Option<&'static str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => None,
        Expr::Literal(LiteralValue::String(_)) => Some("a text"),
        Expr::Literal(_) => Some("a number or null"),
        Expr::List(_) => Some("a list"),
        Expr::Ident(name) if VARIABLES.contains(&name.as_str()) => Some("no truth value"),
        Expr::Call(call) => match call.func_name.as_str() {
            operators::ADD | operators::SUBSTRACT | operators::MULTIPLY => Some("a sum or a text"),
            operators::DIVIDE | operators::MODULO | operators::NEGATE | "size" => Some("a number"),
            _ => None,
        },
        _ => None,
    }
}

struct Check<'t> {
    text: &'t str,
    places: &'t SourceInfo,
    variables: BTreeSet<&'static str>,
    /// The variables of the loops around, innermost last.
    bound: Vec<String>,
    nodes: usize,
    loops: usize,
}

impl Check<'_> {
    fn error(&self, id: u64, what: &str, instead: &str) -> ConditionError {
        let start = self.places.offset_for(id).map_or(0, |(start, _)| start as usize);
        self.error_at(start, what, instead)
    }

    /// `start` is in bytes.
    fn error_at(&self, start: usize, what: &str, instead: &str) -> ConditionError {
        let before = self.text.get(..start).unwrap_or_default();
        ConditionError::at(self.text, before.chars().count(), what, instead)
    }

    /// An error about a name that stands at, or right before, the place of a node.
    fn error_of_name(&self, id: u64, name: &str, what: &str, instead: &str) -> ConditionError {
        let start = self.places.offset_for(id).map_or(0, |(start, _)| start as usize);
        let end = (start + name.len()).min(self.text.len());
        let found = self.text.get(..end).and_then(|before| before.rfind(name));
        self.error_at(found.unwrap_or(start), what, instead)
    }

    /// The depth has been bounded before the text was parsed.
    fn node(&mut self, node: &mut Expression) -> Result<(), ConditionError> {
        self.nodes += 1;
        if self.nodes > MAX_CONDITION_NODES {
            let what = format!("the condition has more than {MAX_CONDITION_NODES} parts");
            return Err(self.error(node.id, &what, "leave out what the other parameters can say"));
        }
        let id = node.id;
        match &mut node.expr {
            Expr::Literal(LiteralValue::Bytes(_)) => {
                Err(self.error(id, "bytes mean nothing here", "write a text without b"))
            }
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(id, name),
            Expr::Select(SelectExpr { operand, .. }) => self.node(operand),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|item| self.node(item)),
            Expr::Call(call) => self.call(id, call),
            Expr::Comprehension(comprehension) => self.comprehension(id, comprehension),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                Err(self.error(id, "this means nothing here", "there are no maps, only lists"))
            }
        }
    }

    fn variable(&mut self, id: u64, name: &str) -> Result<(), ConditionError> {
        if name == RESULT || self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        if let Some(known) = VARIABLES.iter().find(|known| **known == name) {
            self.variables.insert(known);
            return Ok(());
        }
        let what = format!("there is no variable {name:?}");
        let mut there_are = VARIABLES.join(", ");
        for bound in &self.bound {
            there_are.push_str(", ");
            there_are.push_str(bound);
        }
        let instead = format!("there are {there_are}; texts are written in quotes");
        Err(self.error_of_name(id, name, &what, &instead))
    }

    fn call(&mut self, id: u64, call: &mut CallExpr) -> Result<(), ConditionError> {
        self.callable(id, call)?;
        if let Some(target) = &mut call.target {
            self.node(target)?;
        }
        call.args.iter_mut().try_for_each(|argument| self.node(argument))?;
        // A list may take up a map's keys, except where the parser itself adds to a loop's result.
        let adds = call.func_name == operators::ADD && call.target.is_none();
        if adds && !call.args.first().is_some_and(is_result) {
            call.args.iter_mut().skip(1).for_each(put_in_order);
        }
        Ok(())
    }

    fn callable(&self, id: u64, call: &CallExpr) -> Result<(), ConditionError> {
        let name = call.func_name.as_str();
        let internal = name == operators::NOT_STRICTLY_FALSE;
        if internal || (call.target.is_none() && OPERATORS.contains(&name)) {
            return Ok(());
        }
        let arguments = call.args.len();
        let error = |what: &str, instead: &str| self.error_of_name(id, name, what, instead);
        if LOOPS.contains(&name) {
            let instead = format!("write list.{name}(x, condition on x)");
            return Err(error(&format!("{name} is not called like this"), &instead));
        }
        let method = METHODS.iter().find(|(method, _)| *method == name);
        match (&call.target, method) {
            (None, _) if FUNCTIONS.contains(&name) && arguments == 1 => Ok(()),
            (None, _) if FUNCTIONS.contains(&name) => {
                Err(error(&format!("{name} has one argument"), &format!("write {name}(x)")))
            }
            (Some(_), Some((_, expected))) if arguments == *expected => Ok(()),
            (Some(_), Some((_, 0))) => {
                Err(error(&format!("{name} has no argument"), &format!("write x.{name}()")))
            }
            (_, Some(_)) => {
                let what = format!("{name} is called on a text, with one argument");
                Err(error(&what, &format!("write x.{name}(\"…\")")))
            }
            (_, None) if name == "has" => {
                Err(error("has asks for one key", "write has(properties.key)"))
            }
            (_, None) => {
                let methods: Vec<&str> = METHODS.iter().map(|(method, _)| *method).collect();
                let instead = format!(
                    "there are {}, has, {}, {}",
                    FUNCTIONS.join(", "),
                    methods[..3].join(", "),
                    LOOPS[..3].join(", ") + ", filter, map"
                );
                Err(error(&format!("there is no function {name:?}"), &instead))
            }
        }
    }

    fn comprehension(
        &mut self,
        id: u64,
        comprehension: &mut ComprehensionExpr,
    ) -> Result<(), ConditionError> {
        self.node(&mut comprehension.iter_range)?;
        put_in_order(&mut comprehension.iter_range);
        let name = comprehension.iter_var.clone();
        if VARIABLES.contains(&name.as_str()) || self.bound.contains(&name) || name.contains('.') {
            let what = format!("{name:?} cannot be the variable of a loop here");
            return Err(self.error(id, &what, "choose a name that is not in use, such as x"));
        }
        if self.loops == MAX_CONDITION_LOOPS {
            let what = format!("more than {MAX_CONDITION_LOOPS} loops stand in one another");
            let instead = "all, exists, exists_one, filter and map may have one more in them";
            return Err(self.error(id, &what, instead));
        }
        self.loops += 1;
        self.bound.push(name);
        self.node(&mut comprehension.accu_init)?;
        self.node(&mut comprehension.loop_cond)?;
        self.node(&mut comprehension.loop_step)?;
        self.node(&mut comprehension.result)?;
        self.bound.pop();
        self.loops -= 1;
        Ok(())
    }
}

fn is_result(node: &Expression) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name == RESULT)
}

fn put_in_order(node: &mut Expression) {
    let id = node.id;
    let value = std::mem::take(node);
    let call = CallExpr { func_name: IN_ORDER.to_owned(), target: None, args: vec![value] };
    *node = Expression { id, expr: Expr::Call(call) };
}
