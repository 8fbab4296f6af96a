//! Just enough reading of HTML for tests.

/// The value of `wanted` in the first tag that contains `marker`.
pub fn attribute(html: &str, marker: &str, wanted: &str) -> Option<String> {
    let at = html.find(marker)?;
    let start = html[..at].rfind('<')?;
    let tag = &html[start..start + html[start..].find('>')?];
    let value_start = tag.find(&format!("{wanted}=\""))? + wanted.len() + 2;
    let value = &tag[value_start..];
    Some(value[..value.find('"')?].to_owned())
}
