# Makefile - the only build file.
#
#	make run			a stack in the foreground, Ctrl-C ends it
#	make up | down | status		the same in the background: infra/stack
#	make deploy FN=name		a new release of one function: infra/fn
#	make build | test | bench | clean
#	make package			build/kith_VERSION_amd64.deb, for servers
#	make soak			half an hour of talk while all is killed
#
# FLAVOUR is release, test (address and undefined-behaviour sanitizers, with
# the unit tests) or tsan.  PORT and VAR tell stacks apart.

FLAVOUR ?= release
B := build/$(FLAVOUR)

flags_release := -O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero
flags_test := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
flags_tsan := -O1 -fno-omit-frame-pointer -fsanitize=thread

CPPFLAGS := -D_GNU_SOURCE -I. -I/usr/include/postgresql
CFLAGS := -std=gnu17 -g -fPIE $(flags_$(FLAVOUR)) -Wall -Wextra -Werror \
	-Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wcast-qual -Wwrite-strings \
	-Wno-missing-field-initializers
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LDLIBS := -lfcgi -ljansson -largon2 -lcrypto -lpq -lrdkafka -licui18n -licuuc \
	-ljpeg -lpng -lwebp -levent_core -lcurl -lpthread

objects = $(patsubst %.c,$(B)/%.o,\
	$(filter-out $(wildcard functions/*/worker*.c),$(wildcard $(1))))
worker_objects = $(patsubst %.c,$(B)/%.o,$(wildcard functions/$(1)/worker$(2)))

# A directory with sources is a function; its worker*.c are another program.
names := $(sort $(patsubst functions/%/,%,$(dir $(wildcard functions/*/*.c))))
workers := $(patsubst functions/%/worker.c,%,$(wildcard functions/*/worker.c))
programs := $(addprefix $(B)/bin/,$(names) $(workers:=-worker) pool relay dead \
	token settings)
tests := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*_test.c))
headers := $(patsubst %,$(B)/%.h,$(filter-out %grants.sql,\
	$(wildcard runtime/*.sql functions/*/*.sql)))
special := $(call objects,runtime/main.c runtime/pool*.c runtime/relay*.c \
	runtime/dead*.c runtime/token_main.c runtime/settings_main.c)
all := $(call objects,runtime/*.c functions/*/*.c tests/*/*.c) \
	$(call worker_objects,*,*.c)

.PHONY: run up down status deploy build package test soak bench clean install \
	programs
.SECONDARY:
.DELETE_ON_ERROR:

run up: build
	@STACK_FLAVOUR=$(FLAVOUR) infra/stack $@

down status:
	@infra/stack $@

deploy:
	@STACK_FLAVOUR=$(FLAVOUR) infra/fn deploy $(FN)

test:
	@tests/run

soak:
	@TALK_S=1800 TALK_MESSAGES=300000 tests/run soak

bench: build
	@$(MAKE) --no-print-directory $(B)/bench/tools
	@tests/bench/run

install:
	@infra/install run

build: install
	@$(MAKE) --no-print-directory -j$$(nproc) programs

# Later ones have higher numbers.
VERSION ?= 0.$(shell git rev-list --count HEAD)

package:
	@$(MAKE) --no-print-directory build FLAVOUR=release
	@infra/debian/build $(VERSION)

clean:
	rm -rf build

programs: $(programs) $(if $(filter-out release,$(FLAVOUR)),$(tests) \
	$(B)/tests/tally-worker $(B)/tests/bad-session)

$(foreach n,$(names),$(eval $(B)/bin/$(n): $(call objects,functions/$(n)/*.c)))
$(addprefix $(B)/bin/,$(names)): $(B)/runtime/main.o
$(foreach n,$(workers),$(eval $(B)/bin/$(n)-worker: \
	$(call worker_objects,$(n),*.c)))
$(B)/bin/pool: $(call objects,runtime/pool*.c)
$(B)/bin/relay: $(call objects,runtime/relay*.c)
$(B)/bin/dead: $(call objects,runtime/dead*.c)
$(B)/bin/token: $(B)/runtime/token_main.o
$(B)/bin/settings: $(B)/runtime/settings_main.o

# A test whose name begins with a function's is linked with it, and with the
# fixtures of that name; one of a worker with the worker but for worker.c.
$(foreach n,$(names),$(eval $(filter-out $(B)/tests/$(n)_worker_%,\
	$(filter $(B)/tests/$(n)_%,$(tests))): $(call objects,\
		functions/$(n)/*.c tests/unit/$(n)_fixture*.c \
		tests/unit/harness.c)))
$(foreach n,$(workers),$(eval $(filter $(B)/tests/$(n)_worker_%,$(tests)): \
	$(call worker_objects,$(n),_*.c)))
$(B)/tests/auth_test: $(B)/tests/unit/harness.o
$(filter $(B)/tests/pool_%,$(tests)): $(B)/tests/%_test: $(B)/runtime/%.o
$(tests): $(B)/tests/%: $(B)/tests/unit/%.o
$(tests): LDLIBS += -lcmocka

$(B)/bench/tools: $(B)/tests/bench/tools.o
$(B)/tests/tally-worker: $(B)/tests/fault/tally_worker.o
$(B)/tests/bad-session: $(B)/tests/fault/bad_session.o $(B)/runtime/main.o

$(programs) $(tests) $(B)/bench/tools $(B)/tests/tally-worker \
	$(B)/tests/bad-session: $(B)/libruntime.a
	@echo "link $@" && mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

$(B)/libruntime.a: $(filter-out $(special),$(call objects,runtime/*.c))
	@rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c Makefile | $(headers)
	@echo "cc $<" && mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -I$(B)/$(*D) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.sql.h: %.sql sql/embed.awk
	@mkdir -p $(@D)
	@awk -f sql/embed.awk $< >$@

-include $(all:.o=.d)
