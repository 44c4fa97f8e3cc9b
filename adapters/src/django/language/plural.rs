//! The rules of gettext that say which form a number takes: expressions of C over `n` (gettext manual, "Additional
//! functions for plural forms").

/// The number of the form that `rule` gives `n`; `None` if it is no rule.
pub(super) fn form(rule: &str, n: u64) -> Option<usize> {
    let mut reader = Reader { rest: rule.trim_start(), n };
    let value = reader.choice()?;
    if reader.rest.is_empty() { usize::try_from(value).ok() } else { None }
}

/// Binary operators, those that bind weakest first; of two that begin alike the longer one first.
const LEVELS: [&[&str]; 6] = [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

struct Reader<'a> {
    rest: &'a str,
    n: u64,
}

impl Reader<'_> {
    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign).map(str::trim_start);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `condition ? value : choice`
    fn choice(&mut self) -> Option<u64> {
        let condition = self.binary(0)?;
        if !self.take("?") {
            return Some(condition);
        }
        let one = self.choice()?;
        let other = if self.take(":") { self.choice()? } else { return None };
        Some(if condition == 0 { other } else { one })
    }

    /// The operators of a level and of those that bind closer, from left to right.
    fn binary(&mut self, level: usize) -> Option<u64> {
        let Some(operators) = LEVELS.get(level) else { return self.operand() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.take(operator)) {
            let right = self.binary(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Some(left)
    }

    fn operand(&mut self) -> Option<u64> {
        if self.take("!") {
            return self.operand().map(|value| u64::from(value == 0));
        }
        if self.take("(") {
            let value = self.choice()?;
            return self.take(")").then_some(value);
        }
        if self.take("n") {
            return Some(self.n);
        }
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest.trim_start();
        number.parse().ok()
    }
}

fn apply(operator: &str, left: u64, right: u64) -> Option<u64> {
    Some(match operator {
        "||" => u64::from(left != 0 || right != 0),
        "&&" => u64::from(left != 0 && right != 0),
        "==" => u64::from(left == right),
        "!=" => u64::from(left != right),
        "<=" => u64::from(left <= right),
        ">=" => u64::from(left >= right),
        "<" => u64::from(left < right),
        ">" => u64::from(left > right),
        "+" => left.checked_add(right)?,
        "-" => left.checked_sub(right)?,
        "*" => left.checked_mul(right)?,
        "/" => left.checked_div(right)?,
        _ => left.checked_rem(right)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_c_reads_them() {
        let russian = "(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2)";
        for (rule, forms) in [
            ("0", [0, 0, 0, 0, 0, 0, 0]),
            ("(n != 1)", [1, 0, 1, 1, 1, 1, 1]),
            ("n>1", [0, 0, 1, 1, 1, 1, 1]),
            ("(n==0||n==1)?0:n!=0&&n%1000000==0?1:2", [0, 0, 2, 2, 2, 2, 2]),
            (russian, [2, 0, 1, 2, 2, 0, 1]),
            ("!n * 2 + (n - n / 2 * 2) % 2", [2, 1, 0, 1, 1, 1, 0]),
        ] {
            assert_eq!([0, 1, 2, 5, 11, 21, 122].map(|n| form(rule, n).unwrap()), forms, "{rule}");
        }
    }

    #[test]
    fn what_is_no_rule_gives_no_form() {
        for rule in ["", "n ==", "(n", "n ? 1", "n 1", "m", "n % 0", "1 - 2"] {
            assert_eq!(form(rule, 1), None, "{rule}");
        }
    }
}
