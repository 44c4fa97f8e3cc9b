//! Medians, percentiles and the table.

use std::time::Duration;

/// A line of the table.
pub struct Row {
    what: String,
    figure: String,
    target: &'static str,
}

impl Row {
    /// A figure that is to reach `target`, which is empty for one that is only told.
    pub fn new(what: impl Into<String>, figure: impl Into<String>, target: &'static str) -> Self {
        Self { what: what.into(), figure: figure.into(), target }
    }
}

/// Prints the table.
pub fn print(rows: &[Row]) {
    println!("| what | figure | target |\n| --- | --- | --- |");
    for Row { what, figure, target } in rows {
        println!("| {what} | {figure} | {target} |");
    }
}

/// The middle of `values`; 0 for none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The 50th and 99th percentile and the maximum, in milliseconds; "none" of nothing.
pub fn latencies(mut sample: Vec<Duration>) -> String {
    if sample.is_empty() {
        return "none".to_owned();
    }
    sample.sort_unstable();
    let millis = |index: usize| sample.get(index).map_or(0.0, |duration| duration.as_secs_f64() * 1e3);
    let (p50, p99, last) = (sample.len() / 2, sample.len() * 99 / 100, sample.len().saturating_sub(1));
    format!("p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", millis(p50), millis(p99), millis(last))
}

/// How many a second.
pub fn rate(count: usize, during: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / during.as_secs_f64()
}
