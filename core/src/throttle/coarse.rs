//! Many moments in few letters: what a long sliding log becomes in a row of the store.
//!
//! Ten thousand moments to the microsecond would be ninety kilobytes that are written with each request. Beyond some hundreds they
//! are kept in cells of the time between the oldest and the newest, about a thousand of them, each moment at the end of
//! its cell: nobody is let in earlier than by the exact log, and nobody later than by one cell. Cells are powers of two of a
//! microsecond, so moments that are written again and again move no further than to the end of the largest cell.

use std::collections::VecDeque;

use super::Rate;

/// The most cells.
const CELLS: i64 = 1_024;

/// The newest moment; the size of a cell, as a power of two; the cells, each but the first as the steps since the one before
/// it; how many moments each has.
pub(super) fn write(moments: &VecDeque<i64>) -> String {
    let (Some(first), Some(last)) = (moments.front(), moments.back()) else { return String::new() };
    let size = (0..62).find(|size| (last.saturating_sub(*first) >> size) < CELLS - 1).unwrap_or(62);
    let mut cells: Vec<(i64, usize)> = Vec::new();
    for moment in moments {
        let cell = cell_of(*moment, size);
        match cells.last_mut() {
            Some((last, count)) if *last == cell => *count += 1,
            _ => cells.push((cell, 1)),
        }
    }
    let mut before = 0;
    let steps: Vec<String> = cells
        .iter()
        .map(|(cell, _)| {
            let step = cell - before;
            before = *cell;
            step.to_string()
        })
        .collect();
    let counts: Vec<String> = cells.iter().map(|(_, count)| count.to_string()).collect();
    format!("{last};{size};{};{}", steps.join(","), counts.join(","))
}

/// What [`write`] wrote, from its parts; none of anything else.
pub(super) fn read<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<VecDeque<i64>> {
    let last: i64 = parts.next()?.parse().ok()?;
    let size: u32 = parts.next()?.parse().ok()?;
    let (steps, counts) = (parts.next()?, parts.next()?);
    let mut cell = 0_i64;
    let mut moments = VecDeque::new();
    for (step, count) in steps.split(',').zip(counts.split(',')) {
        cell = cell.checked_add(step.parse().ok()?)?;
        let moment = cell.checked_mul(1_i64.checked_shl(size)?)?.min(last);
        let count: usize = count.parse().ok()?;
        let room = Rate::MOST.saturating_sub(moments.len());
        moments.extend(std::iter::repeat_n(moment, count.min(room)));
    }
    Some(moments)
}

/// The cell whose end is the first at or after this moment.
fn cell_of(moment: i64, size: u32) -> i64 {
    let (whole, rest) = (moment >> size, moment & ((1 << size) - 1));
    if rest == 0 { whole } else { whole + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;
    const START: i64 = 1_767_355_200_000_007;

    fn again(moments: &VecDeque<i64>) -> VecDeque<i64> {
        read(write(moments).split(';')).unwrap()
    }

    #[test]
    fn ten_thousand_a_day_are_a_few_kilobytes_and_no_moment_moves_further_than_a_cell() {
        for spread in [DAY, DAY / 2 + 3, 3_600_000_000, 60_000_000, 10_000, 0] {
            let moments: VecDeque<i64> = (0..10_000).map(|number| START + number * spread / 10_000).collect();
            let written = write(&moments);
            assert!(written.len() < 6_000, "{} for {spread}", written.len());
            let read = again(&moments);
            assert_eq!((read.len(), read.back()), (moments.len(), moments.back()));
            for (moment, read) in moments.iter().zip(&read) {
                assert!((0..=spread / 500).contains(&(read - moment)), "{moment} became {read} of {spread}");
            }
        }
    }

    #[test]
    fn who_is_written_a_thousand_times_moves_no_further() {
        let mut exact: VecDeque<i64> = (0..9_000).map(|number| START + number * 9_000_000).collect();
        let mut coarse = exact.clone();
        for number in 0..1_000 {
            let now = START + 81_000_000_000 + number * 5_400_000;
            coarse = again(&coarse);
            for moments in [&mut exact, &mut coarse] {
                moments.push_back(now);
            }
        }
        for (exact, coarse) in exact.iter().zip(&again(&coarse)) {
            assert!((0..=DAY / 500).contains(&(coarse - exact)), "{exact} became {coarse}");
        }
    }

    #[test]
    fn what_nobody_wrote_is_nothing_and_fills_no_memory() {
        for text in ["", "1", "1;2", "1;2;x;1", "1;99;5;1", "1;2;3;-1", "9223372036854775807;60;9223372036854775807;1"]
        {
            assert_eq!(read(text.split(';')), None, "{text}");
        }
        assert_eq!(read("9;0;5,1;99999999,99999999".split(';')).map(|moments| moments.len()), Some(Rate::MOST));
    }
}
