//! Tests of the calls for users, against made-up servers; those against the simulator are beside them in the tests of the kind.
