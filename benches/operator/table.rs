//! Table: what the rows came to, each with its aim and whether it is met.

use std::fmt::Display;

/// One measured line.
struct Row {
    id: &'static str,
    what: String,
    measured: String,
    against: String,
    verdict: &'static str,
}

/// All of them; a line is shown when it is known, and the whole at the end.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a line with an aim.
    pub fn aim(
        &mut self,
        id: &'static str,
        what: impl Display,
        measured: impl Display,
        against: impl Display,
        met: bool,
    ) {
        self.add(id, what, measured, against, if met { "met" } else { "MISSED" });
    }

    /// Adds a line that is only shown.
    pub fn note(&mut self, id: &'static str, what: impl Display, measured: impl Display) {
        self.add(id, what, measured, "", "");
    }

    fn add(
        &mut self,
        id: &'static str,
        what: impl Display,
        measured: impl Display,
        against: impl Display,
        verdict: &'static str,
    ) {
        let row =
            Row { id, what: what.to_string(), measured: measured.to_string(), against: against.to_string(), verdict };
        println!("{}", row.line());
        self.rows.push(row);
    }

    /// Shows the whole, in the order of the ids.
    pub fn print(mut self) {
        self.rows.sort_by_key(|row| {
            let digits = row.id.trim_start_matches('B').trim_end_matches('b');
            (digits.parse::<u32>().unwrap_or_default(), row.id)
        });
        println!("\n{:4} {:44} {:34} {:34}", "", "what", "measured", "aim");
        for row in &self.rows {
            println!("{}", row.line());
        }
    }
}

impl Row {
    fn line(&self) -> String {
        format!("{:4} {:44} {:34} {:34} {}", self.id, self.what, self.measured, self.against, self.verdict)
            .trim_end()
            .to_owned()
    }
}

/// The value below which `part` of the values lie.
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}
