# shellcheck shell=bash
# Sourced: SSH into containers, by their names, for Ansible (ANSIBLE_SSH_ARGS) and testinfra (SSH_CONFIG). A connection lasts, where each
# command through the engine is a new process in the container, 170 ms against 15; and it is how users reach their machines.
# No container has a port for it, nor an sshd that is always there: the engine starts one for each connection.

"$(dirname "${BASH_SOURCE[0]}")/need.sh" ssh=openssh-client
ssh=$KEPT/ssh
mkdir -p "$ssh"
chmod 700 "$ssh"
export SSH_KEY=$ssh/key SSH_CONFIG=$ssh/config
[[ -s $SSH_KEY ]] || ssh-keygen -q -t ed25519 -N '' -C mediastore.s3-tests -f "$SSH_KEY"
# sshd's own keys are not looked at, as the connection is the engine's. %h, as the name of a socket must not be long.
cat >"$SSH_CONFIG" <<EOF
Host *
  User root
  IdentityFile $SSH_KEY
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  ControlMaster auto
  ControlPersist 60s
  ControlPath $ssh/%h
  ProxyCommand docker exec -i %h sh -c 'mkdir -p /run/sshd && exec /usr/sbin/sshd -i -o AuthorizedKeysFile=/etc/ssh/authorized_keys -o StrictModes=no -o PermitRootLogin=yes -o UsePAM=no -o MaxSessions=100 -o "SetEnv=PYTHONPATH=/opt/kept KEPT=/var/cache/kept"'
EOF
# the second one is read by testinfra too; without the first one Ansible would have connections of its own
export ANSIBLE_SSH_ARGS="-o ControlMaster=auto" ANSIBLE_SSH_COMMON_ARGS="-F $SSH_CONFIG"
