//! Why a condition could not be evaluated, without a word on the values of properties.

use cel::ExecutionError;
use cel::common::value::Val;

/// Says it so that it fits after "it cannot be evaluated: ". A key is named only if the asker wrote it.
pub(super) fn describe(error: &ExecutionError, text: &str) -> String {
    match error {
        ExecutionError::NoSuchKey(key) if text.contains(key.as_str()) => {
            format!("there is no {:?}", key.as_str())
        }
        ExecutionError::NoSuchKey(_) => "a key is not there".to_owned(),
        ExecutionError::NoSuchOverload(call) => {
            let function = call.function().replace(['_', '@'], "");
            let types: Vec<&str> = call.argument_types().iter().map(|kind| name(kind)).collect();
            format!("{function} cannot be used with {}", types.join(" and "))
        }
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            let types = [type_of_value(left), type_of_value(right)];
            format!("{operator} cannot be used with {}", types.join(" and "))
        }
        ExecutionError::UnexpectedType { got, want } => {
            format!("{} stands where a {want} should be", name(got))
        }
        ExecutionError::IndexOutOfBounds(_) => "a list is shorter than that".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "something is divided by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number becomes too large".to_owned(),
        ExecutionError::FunctionError { function, .. } => {
            format!("{function} does not accept this value")
        }
        _ => "the types in it do not fit".to_owned(),
    }
}

/// What kind of value it is, with an article.
pub(super) fn type_of(value: &(dyn Val + '_)) -> &'static str {
    name(value.get_type().name())
}

fn type_of_value(value: &cel::Value) -> &'static str {
    match value {
        cel::Value::List(_) => "a list",
        cel::Value::Map(_) => "a map",
        cel::Value::Int(_) | cel::Value::UInt(_) | cel::Value::Float(_) => "a number",
        cel::Value::String(_) => "a text",
        cel::Value::Bool(_) => "a truth value",
        cel::Value::Null => "null",
        _ => "a value",
    }
}

fn name(kind: &str) -> &'static str {
    match kind.split('(').next().unwrap_or_default() {
        "bool" => "a truth value",
        "int" | "uint" | "double" => "a number",
        "string" => "a text",
        "null_type" | "null" => "null",
        "list" => "a list",
        "map" => "a map",
        _ => "a value",
    }
}
