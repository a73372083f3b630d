// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers as the book prints them: the same text on every platform.

/// A whole number with a comma between groups of three: `31,390`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things that may be a mean: rounded to the next whole one and grouped.
pub fn count(value: f64) -> String {
    if value.is_finite() && value >= 0.0 {
        grouped(value.round() as u64)
    } else {
        "–".into()
    }
}

/// This many decimals, with a true minus sign.
pub fn decimals(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().any(|b| b.is_ascii_digit() && b != b'0') => {
            format!("−{rest}")
        }
        Some(rest) => rest.into(),
        None => text,
    }
}

/// Two significant digits and a power of ten, in the markup of figures: `3.1×10^{−7}`.
pub fn scientific(value: f64) -> String {
    let text = format!("{value:.1e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!(
            "{}×10^{{{}}}",
            mantissa.replace('-', "−"),
            exponent.replace('-', "−")
        ),
        None => text,
    }
}

/// The same for running text and screen readers: `3.1e-7`; plain where it is neither small nor large.
pub fn spoken(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if (0.001..1000.0).contains(&size) {
        decimals(
            value,
            if size < 0.1 {
                4
            } else if size < 10.0 {
                2
            } else {
                0
            },
        )
    } else {
        format!("{value:.1e}")
    }
}

/// A power of ten, correctly rounded everywhere.
pub(super) fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(f64::INFINITY)
}
