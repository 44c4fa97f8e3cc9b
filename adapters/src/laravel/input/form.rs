//! The pairs of a form as PHP reads them: `a=x` is a text; `a[]=x`, `a[0]=x` and `a[b][c]=x` are arrays.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{body::BodyError, laravel::number};

/// PHP's `max_input_nesting_level`.
const DEEPEST: usize = 64;

/// The fields of a form. Unlike PHP, which lets the last one win, it refuses a field that comes twice, or as a text and as
/// an array.
///
/// # Errors
/// [`BodyError::Nul`], [`BodyError::DuplicateKey`]; [`BodyError::Shape`] for an array of arrays of arrays without end.
pub fn fields(pairs: Vec<(String, Value)>) -> Result<Map<String, Value>, BodyError> {
    let mut fields = Branch::default();
    for (name, value) in pairs {
        if name.contains('\0') || value.as_str().is_some_and(|text| text.contains('\0')) {
            return Err(BodyError::Nul { field: name.replace('\0', "") });
        }
        let (field, keys) = path(&name);
        if keys.len() > DEEPEST {
            return Err(BodyError::Shape { detail: format!("more than {DEEPEST} brackets") });
        }
        if !fields.put(&field, &keys, value) {
            return Err(BodyError::DuplicateKey { key: field });
        }
    }
    Ok(fields.items.into_iter().map(|(name, node)| (name, node.into_value())).collect())
}

/// The field and the keys within it that a name such as `a[b][]` stands for. Blanks and dots are underscores in PHP's
/// variables. A bracket that is left open is taken as closed, so that no spelling of an array makes it absent.
fn path(name: &str) -> (String, Vec<&str>) {
    let name = name.trim_start_matches(' ');
    let (field, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut keys = Vec::new();
    while let Some(inside) = rest.strip_prefix('[') {
        let (key, behind) = inside.split_once(']').unwrap_or((inside, ""));
        keys.push(key);
        rest = behind;
    }
    (field.replace([' ', '.'], "_"), keys)
}

/// A value or an array of them.
enum Node {
    Leaf(Value),
    Array(Branch),
}

/// An array in the making.
#[derive(Default)]
struct Branch {
    items: BTreeMap<String, Node>,
    /// The key that `[]` stands for: one more than the highest number among the keys.
    next: i64,
}

impl Branch {
    /// Puts `value` where `key` and the `keys` behind it lead; false if there is something already.
    fn put(&mut self, key: &str, keys: &[&str], value: Value) -> bool {
        if let Some(number) = number::canonical(key) {
            self.next = self.next.max(number.saturating_add(1));
        }
        match keys {
            [] => self.items.insert(key.to_owned(), Node::Leaf(value)).is_none(),
            [inner, deeper @ ..] => {
                match self.items.entry(key.to_owned()).or_insert_with(|| Node::Array(Self::default())) {
                    Node::Leaf(_) => false,
                    Node::Array(array) if inner.is_empty() => array.put(&array.next.to_string(), deeper, value),
                    Node::Array(array) => array.put(inner, deeper, value),
                }
            }
        }
    }
}

impl Node {
    /// A list if the keys count from 0, as PHP's `array_is_list` has it, whatever their order was.
    fn into_value(self) -> Value {
        let items = match self {
            Self::Leaf(value) => return value,
            Self::Array(array) => array.items,
        };
        let mut items: Map<String, Value> = items.into_iter().map(|(key, node)| (key, node.into_value())).collect();
        let keys: Vec<String> = (0..items.len()).map(|at| at.to_string()).collect();
        if keys.iter().all(|key| items.contains_key(key)) {
            keys.iter().filter_map(|key| items.remove(key)).collect()
        } else {
            Value::Object(items)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Value, BodyError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        fields(pairs).map(Value::Object)
    }

    #[test]
    fn arrays_are_read_as_php_does() {
        for (pairs, expected) in [
            (vec![("a", "x"), ("b", "")], json!({"a": "x", "b": ""})),
            (vec![("a[]", "x"), ("a[]", "y")], json!({"a": ["x", "y"]})),
            (vec![("a[0]", "x"), ("a[1]", "y")], json!({"a": ["x", "y"]})),
            (vec![("a[1]", "y"), ("a[0]", "x")], json!({"a": ["x", "y"]})),
            (vec![("a[3]", "x"), ("a[]", "y")], json!({"a": {"3": "x", "4": "y"}})),
            (vec![("a[k]", "x"), ("a[]", "y")], json!({"a": {"k": "x", "0": "y"}})),
            (vec![("a[k][l]", "x"), ("a[k][]", "y")], json!({"a": {"k": {"l": "x", "0": "y"}}})),
            (vec![("a[][k]", "x"), ("a[][k]", "y")], json!({"a": [{"k": "x"}, {"k": "y"}]})),
            (vec![("a[00]", "x")], json!({"a": {"00": "x"}})),
            (vec![(" a.b c", "x")], json!({"a_b_c": "x"})),
            (vec![("a[b]c", "x")], json!({"a": {"b": "x"}})),
        ] {
            assert_eq!(read(&pairs).unwrap(), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_bracket_that_is_left_open_makes_an_array_all_the_same() {
        assert_eq!(read(&[("a[", "x")]).unwrap(), json!({"a": ["x"]}));
        assert_eq!(read(&[("a[k", "x")]).unwrap(), json!({"a": {"k": "x"}}));
    }

    #[test]
    fn what_comes_twice_is_refused() {
        for pairs in [
            [("a", "x"), ("a", "y")],
            [("a", "x"), ("a[]", "y")],
            [("a[]", "x"), ("a", "y")],
            [("a[0]", "x"), ("a[0]", "y")],
            [("a[k]", "x"), ("a[k][l]", "y")],
            [("a[9223372036854775807]", "x"), ("a[]", "y")],
        ] {
            assert_eq!(read(&pairs).unwrap_err(), BodyError::DuplicateKey { key: "a".to_owned() }, "{pairs:?}");
        }
        let deep = format!("a{}", "[]".repeat(DEEPEST + 1));
        assert!(matches!(read(&[(&deep, "x")]), Err(BodyError::Shape { .. })));
    }
}
