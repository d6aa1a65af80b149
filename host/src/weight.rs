//! Weights in headers that say what a client accepts (RFC 9110, 12.4.2).

/// Of one member of a list, in thousandths: what stands behind its first `;`. What is no weight counts as none, so that nonsense
/// never wins.
pub(crate) fn weight(parameters: &str) -> u32 {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return 1000;
    }
    let value = parameters.strip_prefix("q=").unwrap_or_default();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" => 1000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}
