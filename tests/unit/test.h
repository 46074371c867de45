/*
 * test.h - what every cmocka test includes, in the order cmocka wants.
 *
 * CLAIM(f) lists a test by the sentence that is its name.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define CLAIM(f) cmocka_unit_test(f)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#endif
