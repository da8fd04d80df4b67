//! Password: the vendor's rule (contract 2.3, trap 22).

/// The rule in words.
pub const RULE: &str = "a password has at least 8 characters, among them an upper-case and a lower-case letter, a digit and another character";

/// Whether a password is as the rule says.
pub fn is_strong(password: &str) -> bool {
    let has = |is: fn(char) -> bool| password.chars().any(is);
    password.chars().count() >= 8
        && has(char::is_uppercase)
        && has(char::is_lowercase)
        && has(|letter| letter.is_ascii_digit())
        && has(|letter| !letter.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::is_strong;

    /// Trap 22.
    #[test]
    fn a_password_has_all_four_sorts_of_characters() {
        for (password, strong) in [
            ("P@ssw0rd", true),
            ("P@ssw0r", false),
            ("p@ssw0rd", false),
            ("P@SSW0RD", false),
            ("P@ssword", false),
            ("Passw0rd", false),
        ] {
            assert_eq!(is_strong(password), strong, "{password}");
        }
    }
}
