//! Tests of the calls about a domain over real HTTP; the trap numbers are those of the contract's section 4.
