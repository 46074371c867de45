/* worker_words.c - see worker_words.h. */
#include <stddef.h>
#include <string.h>

#include "functions/account/worker_words.h"

static const struct entry {
	const char *template, *language;
	struct words words;
} entries[] = {
{ "reset", "en", {
"Set a new password",
"Somebody, you we hope, forgot the password of the account that this address\n"
"has at Kith. This link sets a new one, once, within 10 minutes:\n"
"\n"
"{link}\n"
"\n"
"It wasn't you? Then there is nothing to do: your password stays as it is.\n" } },
{ "reset", "ru", {
"Новый пароль",
"Кто-то, надеемся, вы, забыл пароль от учётной записи Kith с этим адресом.\n"
"По этой ссылке можно задать новый, один раз, в течение 10 минут:\n"
"\n"
"{link}\n"
"\n"
"Это были не вы? Тогда ничего делать не нужно: пароль останется прежним.\n" } },
{ "known", "en", {
"You have an account already",
"Somebody, you we hope, tried to sign up at Kith with this address, which has\n"
"an account there already. If you don't know its password, this link sets a\n"
"new one, once, within 10 minutes:\n"
"\n"
"{link}\n"
"\n"
"It wasn't you? Then there is nothing to do.\n" } },
{ "known", "ru", {
"У вас уже есть учётная запись",
"Кто-то, надеемся, вы, пытался зарегистрироваться в Kith с этим адресом, но\n"
"учётная запись с ним уже есть. Если вы не знаете её пароля, по этой ссылке\n"
"можно задать новый, один раз, в течение 10 минут:\n"
"\n"
"{link}\n"
"\n"
"Это были не вы? Тогда ничего делать не нужно.\n" } },
{ "verify", "en", {
"Confirm your address",
"Somebody, you we hope, has an account at Kith with this address. This link\n"
"confirms within 24 hours that it is yours:\n"
"\n"
"{link}\n"
"\n"
"It wasn't you? Then don't follow it.\n" } },
{ "verify", "ru", {
"Подтвердите адрес",
"Кто-то, надеемся, вы, указал этот адрес в своей учётной записи Kith. По этой\n"
"ссылке в течение 24 часов можно подтвердить, что он ваш:\n"
"\n"
"{link}\n"
"\n"
"Это были не вы? Тогда не переходите по ней.\n" } },
{ "change", "en", {
"Confirm your new address",
"Somebody, you we hope, wants this to be the address of their account at Kith.\n"
"This link makes it so, once, within 10 minutes:\n"
"\n"
"{link}\n"
"\n"
"It wasn't you? Then don't follow it.\n" } },
{ "change", "ru", {
"Подтвердите новый адрес",
"Кто-то, надеемся, вы, хочет сделать этот адрес адресом своей учётной записи\n"
"Kith. Это произойдёт по этой ссылке, один раз, в течение 10 минут:\n"
"\n"
"{link}\n"
"\n"
"Это были не вы? Тогда не переходите по ней.\n" } },
{ "changing", "en", {
"Your address is to be changed",
"Somebody, you we hope, asked for another address for your account at Kith.\n"
"It changes once the new one is confirmed.\n"
"\n"
"It wasn't you? Then change your password now: that stops it.\n" } },
{ "changing", "ru", {
"Запрошена смена адреса",
"Кто-то, надеемся, вы, запросил другой адрес для вашей учётной записи Kith.\n"
"Он сменится, когда новый адрес будет подтверждён.\n"
"\n"
"Это были не вы? Тогда смените пароль сейчас: это остановит смену адреса.\n" } },
{ "changed", "en", {
"Your address was changed",
"Your account at Kith has another address now; this one is no longer its.\n"
"\n"
"It wasn't you? Then ask those who run this Kith for help.\n" } },
{ "changed", "ru", {
"Адрес изменён",
"У вашей учётной записи Kith теперь другой адрес; с этим она больше не связана.\n"
"\n"
"Это были не вы? Тогда обратитесь к тем, кто управляет этим Kith.\n" } },
{ "password", "en", {
"Your password was changed",
"The password of your account at Kith was changed, and other devices are\n"
"logged out.\n"
"\n"
"It wasn't you? Then set a new one: choose \"Forgot the password?\" where you\n"
"log in.\n" } },
{ "password", "ru", {
"Пароль изменён",
"Пароль вашей учётной записи Kith изменён, на других устройствах выполнен\n"
"выход.\n"
"\n"
"Это были не вы? Тогда задайте новый: выберите «Забыли пароль?» при входе.\n" } },
{ "linked", "en", {
"Another way into your account",
"An account at another site signs in to your account at Kith from now on.\n"
"\n"
"It wasn't you? Then unlink it under \"Account and sign-in\", and change your\n"
"password, which logs out other devices.\n" } },
{ "linked", "ru", {
"Ещё один способ входа",
"Теперь в вашу учётную запись Kith можно войти через другой сайт.\n"
"\n"
"Это были не вы? Тогда отключите его в разделе «Account and sign-in» и смените\n"
"пароль: на других устройствах будет выполнен выход.\n" } },
};

enum { ENTRIES = sizeof(entries) / sizeof(*entries) };

const struct words *words_of(const char *template, const char *language)
{
	const struct words *english = NULL;

	for (size_t i = 0; i < ENTRIES; i++) {
		const struct entry *e = &entries[i];

		if (strcmp(e->template, template) != 0)
			continue;
		if (strcmp(e->language, language) == 0)
			return &e->words;
		if (strcmp(e->language, "en") == 0)
			english = &e->words;
	}
	return english;
}
