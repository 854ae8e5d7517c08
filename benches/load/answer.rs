//! As much of HTTP/1.1 as tells where an answer ends and what it says.

pub struct Answer {
    pub status: u16,
    /// Whether it says when to come again.
    pub retry_after: bool,
}

/// The answer, once these bytes hold all of it.
pub fn read(bytes: &[u8]) -> Option<Answer> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let mut answer = Answer { status: 0, retry_after: false };
    let mut length = 0;
    for line in bytes[..head].split(|byte| *byte == b'\n') {
        if let Some(status) = after(line, b"HTTP/1.1 ") {
            answer.status = number(&status[..3.min(status.len())])?;
        } else if let Some(value) = after(line, b"content-length:") {
            length = number(value)?;
        } else if after(line, b"retry-after:").is_some() {
            answer.retry_after = true;
        }
    }
    (bytes.len() >= head + 4 + length).then_some(answer)
}

/// What follows a beginning, in whatever case it is written.
fn after<'a>(line: &'a [u8], beginning: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = line.split_at_checked(beginning.len())?;
    first.eq_ignore_ascii_case(beginning).then_some(rest)
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}
