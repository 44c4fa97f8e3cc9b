//! What was found: the lines of the table, and the same figures for the plot.

use std::time::Duration;

use crate::latency::Latencies;

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

/// A ratio to something that was measured beside it.
pub struct Ratio {
    /// Short: it stands beside a bar.
    pub name: String,
    /// By requests a second.
    pub by_requests: f64,
    /// By the server's processor time.
    pub by_processor: f64,
}

/// The cost at several sizes, to that at the first.
pub struct Curve {
    /// Of what.
    pub name: String,
    /// How many tokens there are, and the ratio.
    pub points: Vec<(u32, f64)>,
}

/// Everything that was found.
#[derive(Default)]
pub struct Findings {
    pub rows: Vec<Row>,
    pub ratios: Vec<Ratio>,
    pub growth: Vec<Curve>,
    pub latencies: Vec<(String, Latencies)>,
}

impl From<Vec<Row>> for Findings {
    fn from(rows: Vec<Row>) -> Self {
        Self { rows, ..Self::default() }
    }
}

impl Findings {
    /// Adds what another measurement found.
    pub fn extend(&mut self, other: Self) {
        let Self { rows, ratios, growth, latencies } = other;
        self.rows.extend(rows);
        self.ratios.extend(ratios);
        self.growth.extend(growth);
        self.latencies.extend(latencies);
    }

    /// The table.
    pub fn table(&self) -> String {
        let line = |Row { what, figure, target }: &Row| format!("| {what} | {figure} | {target} |\n");
        let lines: String = self.rows.iter().map(line).collect();
        format!("| what | figure | target |\n| --- | --- | --- |\n{lines}")
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

/// How many a second.
pub fn rate(count: usize, during: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / during.as_secs_f64()
}
