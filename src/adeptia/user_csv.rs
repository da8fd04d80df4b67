//! User CSV: the file of an import of users, checked before it is sent, because the vendor reads it in the background and tells no more than
//! that something went wrong (contract 2.20). It holds passwords in clear text: nothing that is said of it quotes a cell.

use super::password;
use crate::base::secret::Secret;

/// The columns, in this order. The last one has an apostrophe (contract, trap 21).
const COLUMNS: [&str; 7] =
    ["First Name", "Last Name", "User Id", "Email Id", "Role Name", "Password", "Partner's Name"];
/// The role that no user of a partner may have.
const RESERVED_ROLE: &str = "Sys Admin";

/// What is wrong with a file, and where. It quotes nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserCsvError {
    /// It is not text.
    #[error("it is not UTF-8 text; save it as CSV in UTF-8")]
    NotText,
    /// The first line is not the header.
    #[error(
        "its first line must be the header {}; the last column has a straight apostrophe",
        COLUMNS.join(",")
    )]
    Header,
    /// There is a header and nothing else.
    #[error("it has no user; add a line for each user below the header")]
    Empty,
    /// A double quote is opened and not closed, or closed in the middle of a cell.
    #[error("line {line}: the double quotes do not pair up; a quote inside a quoted cell is written twice")]
    Quotes {
        /// The number of the line, from 1.
        line: usize,
    },
    /// A line has too few or too many cells.
    #[error(
        "line {line} has {count} cells instead of 7; several roles of a user stand in one cell, in double quotes, such as \"IT User, Monitor\""
    )]
    Cells {
        /// The number of the line, from 1.
        line: usize,
        /// How many there are.
        count: usize,
    },
    /// A cell cannot be.
    #[error("line {line}, {}: {problem}", COLUMNS[*column])]
    Cell {
        /// The number of the line, from 1.
        line: usize,
        /// Which of the columns.
        column: usize,
        /// What is wrong, and what it should be.
        problem: String,
    },
}

/// A file that can be sent.
///
/// Not `Debug`: it holds passwords.
pub struct UserCsv<'a> {
    /// The file as it is to be sent.
    pub text: &'a str,
    /// The passwords in it.
    pub passwords: Vec<Secret>,
}

/// Checks the file that is to make users of the partner of this name.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check<'a>(file: &'a str, partner: &str) -> Result<UserCsv<'a>, UserCsvError> {
    let text = file.strip_prefix('\u{feff}').unwrap_or(file);
    let mut rows = rows(text)?.into_iter();
    if rows.next().is_none_or(|(_, header)| header != COLUMNS) {
        return Err(UserCsvError::Header);
    }
    let passwords: Vec<Secret> =
        rows.map(|(line, cells)| check_row(line, cells, partner)).collect::<Result<_, UserCsvError>>()?;
    if passwords.is_empty() { Err(UserCsvError::Empty) } else { Ok(UserCsv { text, passwords }) }
}

/// Checks one user, and returns the password.
fn check_row(line: usize, cells: Vec<String>, partner: &str) -> Result<Secret, UserCsvError> {
    let [first, last, user, email, roles, secret, company] =
        <[String; 7]>::try_from(cells).map_err(|cells| UserCsvError::Cells { line, count: cells.len() })?;
    let plain = |name: &str| !name.is_empty() && name.chars().all(char::is_alphanumeric);
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_address = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let mut named = roles.split(',').map(str::trim);
    let reserved = named.clone().any(|role| role.eq_ignore_ascii_case(RESERVED_ROLE));
    let problems = [
        (plain(&first), "write letters and digits only".to_owned()),
        (plain(&last), "write letters and digits only".to_owned()),
        (
            !user.is_empty() && user.bytes().all(lower),
            "write lower-case letters, digits and underscores only".to_owned(),
        ),
        (is_address, "write an e-mail address".to_owned()),
        (
            !reserved && named.all(|role| !role.is_empty()),
            format!("name one role or several, with commas between; {RESERVED_ROLE} is for no user of a partner"),
        ),
        (password::is_strong(&secret), password::RULE.to_owned()),
        (
            company == partner,
            "write the spec's partnerName: the import makes that partner external, and no other".to_owned(),
        ),
    ];
    match problems.into_iter().enumerate().find(|(_, (holds, _))| !holds) {
        Some((column, (_, problem))) => Err(UserCsvError::Cell { line, column, problem }),
        None => Ok(Secret::new(secret)),
    }
}

/// The rows with the number of the line in which each begins; blank lines are none.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, UserCsvError> {
    let (mut rows, mut line, mut rest) = (Vec::new(), 1, text);
    while !rest.is_empty() {
        let (begun, mut cells) = (line, Vec::new());
        loop {
            let (cell, after) = cell(rest).ok_or(UserCsvError::Quotes { line })?;
            line += cell.matches('\n').count();
            cells.push(cell);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix('\r').unwrap_or(after);
                    rest = rest.strip_prefix('\n').unwrap_or(rest);
                    break;
                }
            }
        }
        line += 1;
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push((begun, cells));
        }
    }
    Ok(rows)
}

/// The first cell of what is left of a text, and what comes after it: a comma, the end of the line, or nothing.
fn cell(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n', '\r', '"']).unwrap_or(text.len());
        let (cell, after) = text.split_at(end);
        return (!after.starts_with('"')).then(|| (cell.trim().to_owned(), after));
    };
    let mut cell = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None if after.is_empty() || after.starts_with([',', '\n', '\r']) => return Some((cell, after)),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "First Name,Last Name,User Id,Email Id,Role Name,Password,Partner's Name";
    const PLANTED: &str = "Planted-7Q";

    fn text(file: &str) -> Result<&str, UserCsvError> {
        check(file, "Walgreens").map(|csv| csv.text)
    }

    fn row(cells: &str) -> Result<String, UserCsvError> {
        text(&format!("{HEADER}\n{cells}\n")).map(str::to_owned)
    }

    /// Trap 21: the apostrophe of the header, and quotes around several roles.
    #[test]
    fn a_file_as_documented_is_sent_as_it_is() {
        for file in [
            format!("{HEADER}\nJohn,Doe,john_1,john.doe@abc.com,IT User,J@hn1234,Walgreens"),
            format!("{HEADER}\r\nJohn,Doe,john_1,j@abc.com,\"IT User, ABC\",\"J@hn\"\"1,4\",Walgreens\r\n\r\n"),
        ] {
            assert_eq!(text(&file), Ok(file.as_str()));
            assert_eq!(text(&format!("\u{feff}{file}")), Ok(file.as_str()));
        }
        let file = format!("{HEADER}\nJohn,Doe,john_1,j@abc.com,IT User,\"J@hn\"\"1,4\",Walgreens");
        let passwords = check(&file, "Walgreens").map(|csv| csv.passwords).unwrap_or_default();
        assert_eq!(passwords.iter().map(Secret::expose).collect::<Vec<_>>(), ["J@hn\"1,4"]);
    }

    /// Trap 21.
    #[test]
    fn another_header_is_named_with_the_right_one() {
        for header in [
            HEADER.replace('\'', ""),
            HEADER.replace('\'', "’"),
            HEADER.replace("User Id,Email Id", "Email Id,User Id"),
            HEADER.replace(",Partner's Name", ""),
            String::new(),
        ] {
            let error = text(&format!("{header}\na,b,c,d@e,f,{PLANTED},Walgreens")).unwrap_err();
            assert_eq!(error, UserCsvError::Header);
            assert!(error.to_string().contains(HEADER));
        }
        assert_eq!(text(HEADER), Err(UserCsvError::Empty));
    }

    /// Trap 21: roles without quotes are cells of their own.
    #[test]
    fn cells_are_counted_and_quotes_pair_up() {
        let error = row(&format!("John,Doe,john_1,j@abc.com,IT User, ABC,{PLANTED},Walgreens")).unwrap_err();
        assert_eq!(error, UserCsvError::Cells { line: 2, count: 8 });
        assert!(error.to_string().contains("in double quotes"), "{error}");
        for cells in [
            &format!("John,Doe,john_1,j@abc.com,\"IT User,{PLANTED},Walgreens"),
            &format!("John,Doe,john_1,j@abc.com,\"IT\" User,{PLANTED},Walgreens"),
            &format!("John,Doe,john_1,j@abc.com,IT \"User\",{PLANTED},Walgreens"),
        ] {
            assert_eq!(row(cells), Err(UserCsvError::Quotes { line: 2 }), "{cells}");
        }
    }

    /// Trap 21: passwords stand in clear text, so no message quotes a cell.
    #[test]
    fn each_cell_is_checked_and_none_is_quoted() {
        for (cells, column) in [
            (format!("{PLANTED},Doe,john_1,j@abc.com,IT User,J@hn1234,Walgreens"), 0),
            (format!("John,{PLANTED},john_1,j@abc.com,IT User,J@hn1234,Walgreens"), 1),
            (format!("John,Doe,{PLANTED},j@abc.com,IT User,J@hn1234,Walgreens"), 2),
            (format!("John,Doe,john_1,{PLANTED},IT User,J@hn1234,Walgreens"), 3),
            (format!("John,Doe,john_1,j@abc.com,\"{PLANTED},sys admin\",J@hn1234,Walgreens"), 4),
            (format!("John,Doe,john_1,j@abc.com,,{PLANTED},Walgreens"), 4),
            (format!("John,Doe,john_1,j@abc.com,IT User,{},Walgreens", PLANTED.to_lowercase()), 5),
            (format!("John,Doe,john_1,j@abc.com,IT User,J@hn1234,{PLANTED}"), 6),
        ] {
            let error = row(&format!("Ann,Lee,ann,a@abc.com,IT User,J@hn1234,Walgreens\n{cells}")).unwrap_err();
            let told = format!("{error} {error:?}").to_lowercase();
            assert!(!told.contains(&PLANTED.to_lowercase()), "{told}");
            assert!(matches!(error, UserCsvError::Cell { line: 3, column: at, .. } if at == column), "{error:?}");
            assert!(error.to_string().starts_with(&format!("line 3, {}: ", COLUMNS[column])), "{error}");
        }
    }

    #[test]
    fn a_line_is_counted_where_it_begins() {
        let error = row("Ann,Lee,ann,a@abc.com,\"IT User,\nMonitor\",J@hn1234,Walgreens\n\nx").unwrap_err();
        assert_eq!(error, UserCsvError::Cells { line: 5, count: 1 });
    }
}
