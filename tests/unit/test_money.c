/* Money against a wide-integer reference: results are checked by the inequality that defines them, in 384 bits. */
/* SPDX-License-Identifier: MIT */
#include "lib/ledger/money.h"

#include "tests/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A natural number of 12 limbs of 32 bits, lowest first: enough for every product here. */
enum { LIMBS = 12 };
struct wide {
    uint32_t limb[LIMBS];
};

static struct wide wide_from(uint64_t value)
{
    return (struct wide){{(uint32_t)value, (uint32_t)(value >> 32)}};
}

static struct wide wide_times(struct wide left, uint64_t right)
{
    struct wide product = {{0}};
    uint32_t parts[2] = {(uint32_t)right, (uint32_t)(right >> 32)};
    for (int p = 0; p < 2; p++) {
        uint64_t carry = 0;
        for (int i = 0; i + p < LIMBS; i++) {
            carry += product.limb[i + p] + (uint64_t)left.limb[i] * parts[p];
            product.limb[i + p] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    return product;
}

static int wide_compare(struct wide left, struct wide right)
{
    for (int i = LIMBS - 1; i >= 0; i--)
        if (left.limb[i] != right.limb[i])
            return left.limb[i] < right.limb[i] ? -1 : 1;
    return 0;
}

static struct wide wide_times_ten_to(struct wide value, int exponent)
{
    for (; exponent > 0; exponent--)
        value = wide_times(value, 10);
    return value;
}

/* Whether `result` is numerator / denominator rounded in this direction; all of them natural numbers. */
static bool is_quotient(struct wide numerator, struct wide denominator, enum rounding rounding, uint64_t result)
{
    if (rounding == ROUND_DOWN)
        return wide_compare(wide_times(denominator, result), numerator) <= 0 &&
               wide_compare(wide_times(denominator, result + 1), numerator) > 0;
    return wide_compare(wide_times(denominator, result), numerator) >= 0 &&
           (result == 0 || wide_compare(wide_times(denominator, result - 1), numerator) < 0);
}

/* Random, of a random length: small and large numbers come alike often. */
static int64_t random_up_to_bits(int bits)
{
    int length = 1 + (int)(test_random() % (unsigned)bits);
    return (int64_t)(test_random() >> (64 - length));
}

static struct instrument random_instrument(void)
{
    static const int64_t steps[] = {1, 1, 1, 5, 10, 25, 100, 500};
    struct instrument instrument = {
        .symbol = "BTCUSDT",
        .trading = true,
        .tick_size = steps[test_random() % 8],
        .price_scale = (uint8_t)(test_random() % 13),
        .lot_step = steps[test_random() % 8],
        .quantity_scale = (uint8_t)(test_random() % 13),
    };
    return instrument;
}

enum { ROUNDS = 300000 }; /* for each of ten functions */

/* Counts what was wrong and remembers the first case, so that all cases are one assertion. */
static int wrong;
static void expect(bool holds, const char *what, int64_t a, int64_t b, int64_t c)
{
    if (!holds && wrong++ == 0)
        printf("\n    %s: %" PRId64 " %" PRId64 " %" PRId64 "\n", what, a, b, c);
}

static void test_amount_of_is_exact(void)
{
    int fitted = 0;
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct decimal price = {random_up_to_bits(63), (uint8_t)(test_random() % 19)};
        struct decimal quantity = {random_up_to_bits(63), (uint8_t)(test_random() % 19)};
        enum rounding rounding = test_random() % 2 ? ROUND_UP : ROUND_DOWN;
        int surplus = price.scale + quantity.scale - AMOUNT_SCALE;
        struct wide numerator = wide_times(wide_from((uint64_t)price.mantissa), (uint64_t)quantity.mantissa);
        struct wide denominator = wide_from(1);
        numerator = wide_times_ten_to(numerator, -surplus);
        denominator = wide_times_ten_to(denominator, surplus);
        struct amount value = {-7};
        int code = amount_of(price, quantity, rounding, &value);
        bool small = wide_compare(numerator, wide_times(denominator, INT64_MAX)) <= 0;
        expect((code == 0) == small, "range", price.mantissa, quantity.mantissa, surplus);
        if (code == 0)
            expect(is_quotient(numerator, denominator, rounding, (uint64_t)value.units), "value", price.mantissa,
                   quantity.mantissa, value.units);
        else
            expect(code == ERROR_RANGE && value.units == -7, "code", code, value.units, 0);
        fitted += code == 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(fitted > ROUNDS / 4 && fitted < ROUNDS);
}

static void test_notional_counts_in_steps(void)
{
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct instrument instrument = random_instrument();
        struct price price = {random_up_to_bits(50)};
        struct quantity quantity = {random_up_to_bits(50)};
        struct amount down, up;
        int code = notional(&instrument, price, quantity, ROUND_DOWN, &down);
        int code_up = notional(&instrument, price, quantity, ROUND_UP, &up);
        struct wide numerator = wide_times(wide_from((uint64_t)price.ticks), (uint64_t)instrument.tick_size);
        numerator = wide_times(wide_times(numerator, (uint64_t)quantity.lots), (uint64_t)instrument.lot_step);
        int surplus = instrument.price_scale + instrument.quantity_scale - AMOUNT_SCALE;
        numerator = wide_times_ten_to(numerator, -surplus);
        struct wide denominator = wide_times_ten_to(wide_from(1), surplus);
        if (code == 0)
            expect(is_quotient(numerator, denominator, ROUND_DOWN, (uint64_t)down.units), "down", price.ticks,
                   quantity.lots, down.units);
        if (code_up == 0)
            expect(is_quotient(numerator, denominator, ROUND_UP, (uint64_t)up.units), "up", price.ticks,
                   quantity.lots, up.units);
        if (code == 0 && code_up == 0)
            expect(up.units - down.units <= 1, "both", up.units, down.units, 0);
        expect(code == 0 || wide_compare(numerator, wide_times(denominator, INT64_MAX)) > 0, "refused", price.ticks,
               quantity.lots, code);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_fee_is_rounded_up(void)
{
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct amount value = {random_up_to_bits(63)};
        int64_t ppm = (int64_t)(test_random() % (PPM + 1));
        struct amount fee;
        expect(amount_fee(value, ppm, &fee) == 0, "refused", value.units, ppm, 0);
        expect(is_quotient(wide_times(wide_from((uint64_t)value.units), (uint64_t)ppm), wide_from(PPM), ROUND_UP,
                           (uint64_t)fee.units), "fee", value.units, ppm, fee.units);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    struct amount fee;
    CU_ASSERT_EQUAL(amount_fee((struct amount){1}, 1, &fee), 0);
    CU_ASSERT_EQUAL(fee.units, 1);
    CU_ASSERT_EQUAL(amount_fee((struct amount){1000000}, 0, &fee), 0);
    CU_ASSERT_EQUAL(fee.units, 0);
    CU_ASSERT_EQUAL(amount_fee((struct amount){10000000000}, 1000, &fee), 0); /* 0.1 % of 100 */
    CU_ASSERT_EQUAL(fee.units, 10000000);
}

/* What a quantity costs with its fee, or -1 where that does not fit. */
static int64_t cost_with_fee(const struct instrument *instrument, struct price price, int64_t lots, int64_t ppm)
{
    struct amount value, fee, sum;
    if (notional(instrument, price, (struct quantity){lots}, ROUND_UP, &value) != 0 ||
        amount_fee(value, ppm, &fee) != 0 || amount_add(value, fee, &sum) != 0)
        return -1;
    return sum.units;
}

static void test_stake_buys_the_largest_quantity(void)
{
    int bought = 0;
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct instrument instrument = random_instrument();
        struct price price = {1 + random_up_to_bits(45)};
        struct amount stake = {random_up_to_bits(55)};
        int64_t ppm = (int64_t)(test_random() % 5000);
        struct quantity quantity;
        if (quantity_for(&instrument, price, stake, ppm, &quantity) != 0)
            continue;
        expect(quantity.lots >= 0, "negative", price.ticks, stake.units, quantity.lots);
        int64_t cost = cost_with_fee(&instrument, price, quantity.lots, ppm);
        if (cost >= 0 || quantity.lots < INT64_MAX / instrument.lot_step)
            expect(cost >= 0 && cost <= stake.units, "too much", price.ticks, stake.units, quantity.lots);
        if (quantity.lots < INT64_MAX / instrument.lot_step - 1) {
            int64_t more = cost_with_fee(&instrument, price, quantity.lots + 1, ppm);
            expect(more < 0 || more > stake.units, "too little", price.ticks, stake.units, quantity.lots);
        }
        bought += quantity.lots > 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(bought > ROUNDS / 10);
}

static void test_stake_examples(void)
{
    struct instrument btc = {.symbol = "BTCUSDT", .tick_size = 1, .price_scale = 2, .lot_step = 1, .quantity_scale = 5};
    struct quantity quantity;
    /* 100 / (97537.70 * 1.001) = 0.0010242...: 102 lots of 0.00001 */
    CU_ASSERT_EQUAL(quantity_for(&btc, (struct price){9753770}, (struct amount){10000000000}, 1000, &quantity), 0);
    CU_ASSERT_EQUAL(quantity.lots, 102);
    CU_ASSERT_EQUAL(quantity_for(&btc, (struct price){9753770}, (struct amount){0}, 1000, &quantity), 0);
    CU_ASSERT_EQUAL(quantity.lots, 0);
    /* Exactly the price of one lot and its fee, and one unit less. */
    CU_ASSERT_EQUAL(quantity_for(&btc, (struct price){10000000}, (struct amount){100100000}, 1000, &quantity), 0);
    CU_ASSERT_EQUAL(quantity.lots, 1);
    CU_ASSERT_EQUAL(quantity_for(&btc, (struct price){10000000}, (struct amount){100099999}, 1000, &quantity), 0);
    CU_ASSERT_EQUAL(quantity.lots, 0);
}

static void test_prices_round_as_told(void)
{
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct instrument instrument = random_instrument();
        struct decimal value = {random_up_to_bits(63), (uint8_t)(test_random() % 19)};
        enum rounding rounding = test_random() % 2 ? ROUND_UP : ROUND_DOWN;
        struct wide numerator = wide_times_ten_to(wide_from((uint64_t)value.mantissa), instrument.price_scale);
        struct wide denominator = wide_times_ten_to(wide_from((uint64_t)instrument.tick_size), value.scale);
        struct price price;
        int code = price_from(&instrument, value, rounding, &price);
        if (code == 0)
            expect(is_quotient(numerator, denominator, rounding, (uint64_t)price.ticks), "price", value.mantissa,
                   value.scale, price.ticks);
        else
            expect(wide_compare(numerator, wide_times(denominator, INT64_MAX)) > 0, "refused", value.mantissa,
                   value.scale, code);
        struct decimal back;
        if (code == 0 && price_to_decimal(&instrument, price, &back) == 0)
            expect(decimal_compare(back, value) * (rounding == ROUND_UP ? 1 : -1) >= 0, "side", value.mantissa,
                   back.mantissa, rounding);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_steps_round_trip(void)
{
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct instrument instrument = random_instrument();
        struct price price = {random_up_to_bits(50)}, price_again;
        struct quantity quantity = {random_up_to_bits(50)}, quantity_again;
        struct decimal value;
        enum rounding rounding = test_random() % 2 ? ROUND_UP : ROUND_DOWN;
        expect(price_to_decimal(&instrument, price, &value) == 0 &&
                   price_from(&instrument, value, rounding, &price_again) == 0 && price_again.ticks == price.ticks,
               "price", price.ticks, instrument.tick_size, instrument.price_scale);
        expect(quantity_to_decimal(&instrument, quantity, &value) == 0 &&
                   quantity_from(&instrument, value, rounding, &quantity_again) == 0 &&
                   quantity_again.lots == quantity.lots,
               "quantity", quantity.lots, instrument.lot_step, instrument.quantity_scale);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_worse_prices(void)
{
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct price price = {1 + random_up_to_bits(60)}, worse;
        int64_t ppm = (int64_t)(test_random() % 100001);
        struct wide base = wide_from((uint64_t)price.ticks);
        if (price_worsen(price, SIDE_BUY, ppm, &worse) == 0)
            expect(is_quotient(wide_times(base, (uint64_t)(PPM + ppm)), wide_from(PPM), ROUND_UP,
                               (uint64_t)worse.ticks), "buy", price.ticks, ppm, worse.ticks);
        expect(price_worsen(price, SIDE_SELL, ppm, &worse) == 0 && worse.ticks >= 1 && worse.ticks <= price.ticks,
               "sell", price.ticks, ppm, worse.ticks);
        if (worse.ticks > 1)
            expect(is_quotient(wide_times(base, (uint64_t)(PPM - ppm)), wide_from(PPM), ROUND_DOWN,
                               (uint64_t)worse.ticks), "sold", price.ticks, ppm, worse.ticks);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    struct price worse;
    CU_ASSERT_EQUAL(price_worsen((struct price){1}, SIDE_SELL, 100000, &worse), 0);
    CU_ASSERT_EQUAL(worse.ticks, 1); /* nobody trades at zero */
    CU_ASSERT_EQUAL(price_worsen((struct price){1}, SIDE_BUY, 1, &worse), 0);
    CU_ASSERT_EQUAL(worse.ticks, 2);
    CU_ASSERT_EQUAL(price_worsen((struct price){INT64_MAX}, SIDE_BUY, 1, &worse), ERROR_RANGE);
}

static void test_shares_add_up(void)
{
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct amount whole = {random_up_to_bits(63)};
        int64_t all = 1 + random_up_to_bits(62);
        int64_t part = (int64_t)(test_random() % (uint64_t)(all + 1));
        struct amount share = amount_share(whole, part, all);
        expect(is_quotient(wide_times(wide_from((uint64_t)whole.units), (uint64_t)part), wide_from((uint64_t)all),
                           ROUND_DOWN, (uint64_t)share.units), "share", whole.units, part, all);
        expect(amount_share(whole, all, all).units == whole.units, "whole", whole.units, all, 0);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_sums_are_checked(void)
{
    struct amount result = {5};
    struct amount most = {INT64_MAX}, least = {INT64_MIN}, one = {1};
    CU_ASSERT_EQUAL(amount_add(most, one, &result), ERROR_RANGE);
    CU_ASSERT_EQUAL(amount_subtract(least, one, &result), ERROR_RANGE);
    CU_ASSERT_EQUAL(result.units, 5);
    CU_ASSERT_EQUAL(amount_add(most, (struct amount){-1}, &result), 0);
    CU_ASSERT_EQUAL(result.units, INT64_MAX - 1);
    CU_ASSERT_EQUAL(amount_subtract(one, most, &result), 0);
    CU_ASSERT_EQUAL(result.units, 1 - INT64_MAX);
}

static void check_text(const char *text, int code, int64_t units)
{
    struct amount amount = {-9};
    CU_ASSERT_EQUAL(amount_parse(text, strlen(text), &amount), code);
    CU_ASSERT_EQUAL(amount.units, code == 0 ? units : -9);
}

static void test_amount_text_is_exact(void)
{
    check_text("100", 0, 10000000000);
    check_text("0.00000001", 0, 1);
    check_text("-3.5", 0, -350000000);
    check_text("1.100000000000", 0, 110000000); /* zeros at the end are no digits */
    check_text("0.000000001", ERROR_RANGE, 0);
    check_text("92233720368.54775807", 0, INT64_MAX);
    check_text("92233720368.54775808", ERROR_RANGE, 0);
    check_text("1e5", ERROR_SYNTAX, 0);
    check_text("", ERROR_SYNTAX, 0);
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct amount amount = {random_up_to_bits(63) * (test_random() % 2 ? 1 : -1)}, again = {0};
        char text[DECIMAL_TEXT_SIZE];
        size_t length = amount_print(amount, text);
        expect(length == strlen(text) && amount_parse(text, length, &again) == 0 && again.units == amount.units,
               "text", amount.units, again.units, 0);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_instruments_are_checked(void)
{
    struct instrument good = {.symbol = "ETHUSDT",
                              .tick_size = 1, .price_scale = 2, .lot_step = 1, .quantity_scale = 4};
    CU_ASSERT_EQUAL(instrument_check(&good), 0);
    struct instrument bad = good;
    bad.tick_size = 0;
    CU_ASSERT_EQUAL(instrument_check(&bad), ERROR_ARGUMENT);
    bad = good;
    bad.lot_step = -1;
    CU_ASSERT_EQUAL(instrument_check(&bad), ERROR_ARGUMENT);
    bad = good;
    bad.price_scale = 19;
    CU_ASSERT_EQUAL(instrument_check(&bad), ERROR_ARGUMENT);
    bad = good;
    bad.quantity_scale = 19;
    CU_ASSERT_EQUAL(instrument_check(&bad), ERROR_ARGUMENT);
    bad = good;
    bad.minimum_notional = -1;
    CU_ASSERT_EQUAL(instrument_check(&bad), ERROR_ARGUMENT);
}

const char *const suite_name = "money";
const struct test suite_tests[] = {
    {"a price times a quantity is exact, rounded as told", test_amount_of_is_exact},
    {"a notional in ticks and lots is the same", test_notional_counts_in_steps},
    {"a fee is rounded up", test_fee_is_rounded_up},
    {"a stake buys the largest quantity that it can pay with its fee", test_stake_buys_the_largest_quantity},
    {"stakes: worked examples", test_stake_examples},
    {"prices become ticks on the side they are told", test_prices_round_as_told},
    {"ticks and lots survive text and back", test_steps_round_trip},
    {"slippage is against us, to whole ticks, never to zero", test_worse_prices},
    {"a share is rounded down, and all of it is all of it", test_shares_add_up},
    {"sums and differences that do not fit are refused", test_sums_are_checked},
    {"amounts as text are exact", test_amount_text_is_exact},
    {"instruments without usable steps are refused", test_instruments_are_checked},
    {NULL, NULL},
};
