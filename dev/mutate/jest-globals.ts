// What the tests import from @jest/globals, without the rest of jest.
export { describe, test } from 'jest-circus';
export { expect } from 'expect';
