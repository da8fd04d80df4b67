//! Comma-separated values (RFC 4180), as the import of users reads them.

/// The rows of a text with their cells, without blank rows; none when a quote has no end, or stands where none may.
pub(super) fn read(text: &str) -> Option<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    let (mut row, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted => {
                if letters.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    quoted = false;
                    if !matches!(letters.peek(), None | Some(',' | '\r' | '\n')) {
                        return None;
                    }
                }
            }
            '"' if cell.is_empty() => quoted = true,
            '"' => return None,
            _ if quoted => cell.push(letter),
            ',' => row.push(std::mem::take(&mut cell)),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(letter),
        }
    }
    if quoted {
        return None;
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cells_with_and_without_quotes() {
        let read = read("\u{feff}a,\"IT User, ABC\",\r\n\n\"x\"\"y\",b c,\"\n\"").unwrap();
        assert_eq!(read, [["a", "IT User, ABC", ""], ["x\"y", "b c", "\n"]]);
        assert_eq!(super::read("").unwrap(), Vec::<Vec<String>>::new());
    }

    #[test]
    fn refuses_quotes_that_are_out_of_place() {
        for text in ["\"a", "a\"b", "\"a\"b,c"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
