//! opentaps CRM-2: client domains, their mailboxes and activity types, and the users of their contacts, through its Administrative API.

pub mod sim;
