//! Forms in parts (`multipart/form-data`, RFC 7578), as PHP's cURL sends an array: text fields only.
//!
//! Read here because the crates that do are made for uploads: asynchronous streams, temporary files, and what these bring
//! along. A body is in memory already and small, and this API has no files.

use form_urlencoded::Serializer;
use mooring_sdk::Problem;

/// The same form as `application/x-www-form-urlencoded`, so that one reader names what is wrong with a field.
pub(crate) fn to_urlencoded(content_type: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
    let boundary = parameter(content_type, "boundary")
        .ok_or_else(|| unreadable("has no boundary in its Content-Type"))?;
    // RFC 2046: 1 to 70 characters.
    if !(1..=70).contains(&boundary.len()) {
        return Err(unreadable("has a boundary that is not 1 to 70 characters long"));
    }
    let body = std::str::from_utf8(body).map_err(|_| unreadable("is not UTF-8"))?;
    let mut form = Serializer::new(String::new());
    for part in parts(body, &boundary)? {
        let (name, value) = field(part)?;
        form.append_pair(&name, value);
    }
    Ok(form.finish().into_bytes())
}

/// What stands between the delimiters: a line break, dashes and the boundary each, with two dashes more behind the last.
fn parts<'b>(body: &'b str, boundary: &str) -> Result<Vec<&'b str>, Problem> {
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n{first}");
    // What stands before the first delimiter is for readers that do not know the format.
    let mut rest = match body.strip_prefix(&first) {
        Some(rest) => rest,
        None => {
            body.split_once(&delimiter)
                .ok_or_else(|| unreadable("has no part"))?
                .1
        }
    };
    let mut parts = Vec::new();
    while !rest.starts_with("--") {
        let part = rest
            .trim_start_matches([' ', '\t'])
            .strip_prefix("\r\n")
            .ok_or_else(|| unreadable("has a boundary that does not end its line"))?;
        let (part, behind) = part
            .split_once(&delimiter)
            .ok_or_else(|| unreadable("ends too early"))?;
        parts.push(part);
        rest = behind;
    }
    Ok(parts)
}

/// Name and value of a part.
fn field(part: &str) -> Result<(String, &str), Problem> {
    let (headers, value) = part
        .split_once("\r\n\r\n")
        .ok_or_else(|| unreadable("has a part without an empty line behind its headers"))?;
    let header = |wanted: &str| {
        let named = headers.split("\r\n").filter_map(|line| line.split_once(':'));
        let mut values = named.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        values.next().map(|(_, value)| value.trim())
    };
    let disposition = header("content-disposition")
        .filter(|value| media(value).eq_ignore_ascii_case("form-data"))
        .ok_or_else(|| unreadable("has a part that is no form-data"))?;
    let name = parameter(disposition, "name").ok_or_else(|| unreadable("has a part without a name"))?;
    if parameter(disposition, "filename").is_some() || parameter(disposition, "filename*").is_some() {
        return Err(unreadable(&format!("has a file, `{name}`; fields are text")));
    }
    // RFC 7578 has done away with encodings of parts; undecoded, they would pass for the value.
    let plain = ["7bit", "8bit", "binary"];
    let encoding = header("content-transfer-encoding");
    if encoding.is_some_and(|encoding| !plain.iter().any(|plain| plain.eq_ignore_ascii_case(encoding))) {
        return Err(unreadable(&format!("has an encoded part, `{name}`")));
    }
    Ok((name, value))
}

fn media(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}

/// A parameter of a header: `; name=value` or `; name="value"`, where a backslash stands before a quote.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (value, behind) = if let Some(quoted) = behind.trim_start().strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (value, behind) = behind.split_once(';').unwrap_or((behind, ""));
            (value.trim().to_owned(), behind)
        };
        if name
            .trim()
            .trim_start_matches(';')
            .trim()
            .eq_ignore_ascii_case(wanted)
        {
            return Some(value);
        }
        rest = behind;
    }
}

/// A text up to its closing quote, and what follows.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            // Some clients leave a backslash as it is: it stands for itself but before a quote or another one.
            '\\' if text[at + 1..].starts_with(['"', '\\']) => {
                value.extend(characters.next().map(|(_, next)| next));
            }
            character => value.push(character),
        }
    }
    None
}

fn unreadable(why: &str) -> Problem {
    Problem::Unreadable(format!("the multipart body {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str) -> Result<String, String> {
        match to_urlencoded(content_type, body.as_bytes()) {
            Ok(form) => Ok(String::from_utf8(form).unwrap()),
            Err(Problem::Unreadable(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_what_clients_send() {
        const CURL: &str = "multipart/form-data; boundary=------------------------d74496d66958873e";
        let body = "--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"id_client\"\r\n\r\n1\r\n\
                    --------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"city\"\r\n\
                    Content-Type: text/plain; charset=utf-8\r\n\r\nTroms\u{f8} & =\r\nx\r\n\
                    --------------------------d74496d66958873e--\r\n";
        assert_eq!(
            read(CURL, body).as_deref(),
            Ok("id_client=1&city=Troms%C3%B8+%26+%3D%0D%0Ax")
        );
        let odd = "before\r\n--b \r\ncontent-disposition:form-data;name=a\r\n\r\n\r\n--b\r\n\
                   Content-Disposition: form-data; name=\"x\\\"y\\z\"\r\n\r\n--c\r\n--b--after";
        assert_eq!(
            read("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"b\"", odd).as_deref(),
            Ok("a=&x%22y%5Cz=--c")
        );
        assert_eq!(
            read("multipart/form-data; boundary=b", "--b--\r\n").as_deref(),
            Ok("")
        );
    }

    #[test]
    fn refuses_what_is_no_form_of_text() {
        const B: &str = "multipart/form-data; boundary=b";
        let part = |headers: &str| format!("--b\r\n{headers}\r\n\r\nv\r\n--b--\r\n");
        let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
        for (content_type, body, why) in [
            (
                "multipart/form-data",
                "--b--".to_owned(),
                "has no boundary in its Content-Type",
            ),
            (
                "multipart/form-data; boundary=",
                "--b--".to_owned(),
                "has a boundary that is not 1 to 70 characters long",
            ),
            (
                &long,
                "--b--".to_owned(),
                "has a boundary that is not 1 to 70 characters long",
            ),
            (B, "x".to_owned(), "has no part"),
            (
                B,
                "--bx\r\n".to_owned(),
                "has a boundary that does not end its line",
            ),
            (
                B,
                "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv".to_owned(),
                "ends too early",
            ),
            (
                B,
                "--b\r\nv\r\n--b--".to_owned(),
                "has a part without an empty line behind its headers",
            ),
            (
                B,
                part("Content-Type: text/plain"),
                "has a part that is no form-data",
            ),
            (
                B,
                part("Content-Disposition: attachment; name=\"a\""),
                "has a part that is no form-data",
            ),
            (
                B,
                part("Content-Disposition: form-data"),
                "has a part without a name",
            ),
            (
                B,
                part("Content-Disposition: form-data; name=\"a"),
                "has a part without a name",
            ),
            (
                B,
                part("Content-Disposition: form-data; name=\"a\"; filename=\"f\""),
                "has a file, `a`; fields are text",
            ),
            (
                B,
                part("Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64"),
                "has an encoded part, `a`",
            ),
        ] {
            assert_eq!(
                read(content_type, &body),
                Err(format!("the multipart body {why}")),
                "{content_type} {body}"
            );
        }
    }
}
