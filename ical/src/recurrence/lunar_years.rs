//! Chinese and Korean years after 2100. The calendar's library computes those by mean motions, which name the wrong leap month as soon as
//! 2109; here they are as astronomy has them (Reingold and Dershowitz, by `calendrical_calculations`, which takes too long to be asked).

use super::years::Shape;
use crate::civil::{Day, date_of, day_of};

const FIRST: i64 = 2101;

/// Each year: bits 0–12 which of its months have 30 days, 13–16 which one is the leap month (0: none), 17–22 days from January 1 to its
/// first one.
#[rustfmt::skip]
pub(super) const CHINESE: &[u32] = &[
    0x39095b, 0x5e05ad, 0x4a0baa, 0x36db52, 0x5a0d92, 0x440d25, 0x2eba4b, 0x540a55, 0x3d54ad, 0x6204b6, 0x4c06b5, 0x38edaa,
    0x5c0ec9, 0x480e92, 0x32bd26, 0x580d2a, 0x400a56, 0x2a94b6, 0x500556, 0x3b0ad5, 0x5e0b55, 0x4a074a, 0x34ce93, 0x5a0695,
    0x42052b, 0x2caa57, 0x520a9b, 0x3f955a, 0x62056a, 0x4c0b65, 0x38f74a, 0x5e0b4a, 0x460b15, 0x30d52b, 0x56054d, 0x400aad,
    0x2a756a, 0x5005aa, 0x3b0ba5, 0x600da5, 0x4a0d4a, 0x34dd15, 0x5a0d16, 0x44094e, 0x2caaad, 0x520ad6, 0x3f95b4, 0x6406d2,
    0x4c0ea5, 0x38ee8a, 0x5c068b, 0x460d17, 0x30c956, 0x54095b, 0x400ada, 0x2c96d4, 0x500754, 0x3b1745, 0x600b45, 0x4a0a8b,
    0x32f52b, 0x5804ad, 0x42096b, 0x2eab5a, 0x520daa, 0x3f7b54, 0x640da2, 0x4e0d45, 0x36fa95, 0x5c0a95, 0x46052d, 0x30caad,
    0x540ab5, 0x400daa, 0x2c9da4, 0x520ea2, 0x3b1d46, 0x600d4a, 0x4a0a96, 0x34f536, 0x58055a, 0x420ad5, 0x2eb6ca, 0x540752,
    0x3c0ea5, 0x286d4a, 0x4c054b, 0x36ea97, 0x5a0aab, 0x46055a, 0x30cad5, 0x560b65, 0x400752, 0x2a9aa5, 0x500b25, 0x3b1a4b,
    0x5e094d, 0x480aad, 0x34f56a, 0x5a05b4,
];

#[rustfmt::skip]
pub(super) const DANGI: &[u32] = &[
    0x39055b, 0x5e05ad, 0x4a0b69, 0x36db52, 0x5a0d92, 0x440d25, 0x2eba4b, 0x540a55, 0x3d54ad, 0x6204b6, 0x4c05b5, 0x38edaa,
    0x5c0ec9, 0x480e92, 0x32bd25, 0x580d26, 0x400a56, 0x2a94ae, 0x5004d6, 0x3b0ad5, 0x5e06d5, 0x4a06c9, 0x34ce93, 0x5a0693,
    0x42052b, 0x2caa57, 0x520a5b, 0x3f555a, 0x62056a, 0x4c0b65, 0x38f74a, 0x5e0b49, 0x460a95, 0x30d52b, 0x56052d, 0x400aad,
    0x2a756a, 0x5005aa, 0x3b0ba5, 0x600da5, 0x4a0d4a, 0x34dc95, 0x5a0c96, 0x44094e, 0x2caaad, 0x520ab5, 0x3f95b2, 0x6406d2,
    0x4c0ea5, 0x38fe4a, 0x5e068a, 0x460c97, 0x30c956, 0x54055b, 0x400ad6, 0x2c96d4, 0x500752, 0x3b1725, 0x600b45, 0x4a0a8b,
    0x32f49b, 0x5804ab, 0x42095b, 0x2eab5a, 0x520baa, 0x3f7b52, 0x640d92, 0x4e0d45, 0x36fa4b, 0x5c0a55, 0x4604ad, 0x30a96d,
    0x5405b5, 0x400daa, 0x2c9d92, 0x520ea2, 0x3b1d45, 0x600d2a, 0x4a0a56, 0x34f536, 0x580556, 0x420ad5, 0x2eb6aa, 0x54074a,
    0x3c0ea3, 0x286d2a, 0x4c052b, 0x370a57, 0x5a0a9b, 0x46055a, 0x30cad5, 0x560b65, 0x40074a, 0x2a9695, 0x500a95, 0x3b152b,
    0x5e054d, 0x480aad, 0x34f56a, 0x5a05aa,
];

/// The year of a table that a day lies in.
pub(super) fn at(years: &[u32], day: Day) -> Option<Shape> {
    let (civil, ..) = date_of(day);
    [civil - 1, civil].into_iter().filter_map(|number| year(years, number)).find(|shape| shape.has(day))
}

/// A year of a table.
pub(super) fn year(years: &[u32], number: i64) -> Option<Shape> {
    let bits = i64::from(*years.get(usize::try_from(number.checked_sub(FIRST)?).ok()?)?);
    let leap = bits >> 13 & 15;
    let mut shape = Shape::new(number, day_of(number, 1, 1) + (bits >> 17));
    for month in 1..=if leap == 0 { 12 } else { 13 } {
        shape.push(29 + (bits >> (month - 1) & 1), month == leap);
    }
    Some(shape)
}

#[cfg(test)]
mod tests {
    use calendrical_calculations::chinese_based::{Chinese, ChineseBased, Dangi, YearBounds, month_structure_for_year};
    use calendrical_calculations::gregorian::fixed_from_gregorian;

    use super::*;

    fn agrees<C: ChineseBased>(years: &[u32]) {
        for number in FIRST..FIRST + 100 {
            let bounds = YearBounds::compute::<C>(fixed_from_gregorian(i32::try_from(number).unwrap(), 7, 1));
            let (long, leap) = month_structure_for_year::<C>(bounds.new_year, bounds.next_new_year);
            let mut wanted = Shape::new(number, bounds.new_year.to_i64_date() - 719_163);
            let months = if leap.is_some() { 13 } else { 12 };
            for (month, long) in (1..).zip(long.into_iter().take(months)) {
                wanted.push(29 + i64::from(long), leap == Some(month));
            }
            assert_eq!(year(years, number), Some(wanted));
            assert_eq!(at(years, bounds.next_new_year.to_i64_date() - 719_164), Some(wanted));
        }
        assert_eq!((year(years, 2100), year(years, 2201)), (None, None));
    }

    #[test]
    fn the_tables_are_what_astronomy_computes() {
        agrees::<Chinese>(CHINESE);
        agrees::<Dangi>(DANGI);
    }
}
