import { notificationSamples } from './sample-notifications'
import {
  author,
  type ContentKind,
  CREATED_AT,
  category,
  categoryBrief,
  comment,
  content,
  contentBrief,
  file,
  HAPPENED_AT,
  legalPage,
  member,
  menu,
  moderator,
  page,
  poll,
  prize,
  reader,
  type Sample,
} from './sample-objects'

/**
 * A sample of the `data` of an event of this type, for test sends. Always the same for the same type, and less than 4 KiB as JSON.
 * An event type that the operator has added has a general sample.
 */
export function samplePayload(type: string): Record<string, unknown> {
  return structuredClone(SAMPLES.get(type) ?? generalSample(type))
}

function generalSample(type: string): Sample {
  const [group = type, ...action] = type.split(/[.:/]/)
  return { id: 1, type: group, action: action.join('.') || null, user: author, created_at: HAPPENED_AT }
}

/** The fields that remain of a deleted object. */
const deleted = (object: Sample, rest: Sample = {}): Sample => ({
  id: object.id,
  ...rest,
  deleted_at: HAPPENED_AT,
  deleted_by: moderator,
})

const updated = (object: Sample): Sample => ({ ...object, updated_at: HAPPENED_AT })

const restored = (object: Sample): Sample => ({
  ...object,
  deleted: false,
  restored_at: HAPPENED_AT,
  restored_by: moderator,
})

const follow = (followed: Sample): Sample => ({ follower: reader, followed, followed_at: HAPPENED_AT })

const unfollow = (followed: Sample): Sample => ({ follower: reader, followed, unfollowed_at: HAPPENED_AT })

/** Posts, discussions and statuses have the same events. */
function contentSamples(kind: ContentKind): Record<string, Sample> {
  const [whole, brief] = [content(kind), contentBrief(kind)]
  const notifications = (suspended: boolean) => ({
    [kind]: brief,
    user: reader,
    notifications_suspended: suspended,
  })
  return {
    [`${kind}.created`]: whole,
    [`${kind}.updated`]: { ...updated(whole), edited: true },
    [`${kind}.deleted`]: deleted(brief, { type: kind, author }),
    [`${kind}.restored`]: restored(whole),
    [`${kind}.follow`]: follow(brief),
    [`${kind}.unfollow`]: unfollow(brief),
    [`${kind}.suspend`]: { ...notifications(true), suspended_at: HAPPENED_AT },
    [`${kind}.unsuspend`]: { ...notifications(false), unsuspended_at: HAPPENED_AT },
  }
}

const connection: Sample = { id: 512, users: [author, reader], created_at: CREATED_AT }

const connectionRequest: Sample = { id: 640, from_user: reader, to_user: author, created_at: CREATED_AT }

const prizeRequest: Sample = {
  id: 28,
  user: reader,
  prize: { id: prize.id, title: prize.title, points: prize.points },
  status: 'pending',
  note: 'Please leave it with my neighbour.',
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
}

const vote: Sample = {
  id: 88_104,
  user: reader,
  reaction: { id: 1, label: 'Like' },
  content_type: 'post',
  content: contentBrief('post'),
}

const pollVote: Sample = { id: 4_410, user: reader, poll, choice: { id: 301, choice: 'Tomatoes', order: 1 } }

const SAMPLES = new Map(
  Object.entries({
    'category.created': category,
    'category.updated': updated(category),
    'category.deleted': deleted(category, { name: category.name, slug: category.slug }),
    'category.follow': follow(categoryBrief),
    'category.unfollow': unfollow(categoryBrief),

    'comment.created': comment,
    'comment.updated': { ...updated(comment), edited: true },
    'comment.deleted': deleted(comment, { author: reader, post: contentBrief('post') }),
    'comment.restored': restored(comment),

    'connection.created': connection,
    'connection.deleted': deleted(connection, { users: connection.users, deleted_by: author }),
    'connection.follow': follow(author),
    'connection.unfollow': unfollow(author),

    'connection_request.created': { ...connectionRequest, status: 'pending' },
    'connection_request.cancelled': { ...connectionRequest, status: 'cancelled', cancelled_at: HAPPENED_AT },
    'connection_request.rejected': { ...connectionRequest, status: 'rejected', rejected_at: HAPPENED_AT },
    'connection_request.restored': { ...connectionRequest, status: 'pending', restored_at: HAPPENED_AT },

    'custom_file.created': file,
    'custom_file.deleted': deleted(file, { name: file.name }),

    'custom_menu.created': menu,
    'custom_menu.updated': updated(menu),
    'custom_menu.deleted': deleted(menu, { name: menu.name, slug: menu.slug }),

    'custom_page.created': page,
    'custom_page.updated': updated(page),
    'custom_page.deleted': deleted(page, { title: page.title, slug: page.slug }),

    ...contentSamples('discussion'),

    'dynamic_preference.updated': {
      id: 31,
      section: 'configurations',
      name: 'follow_enabled',
      value: true,
      previous_value: false,
      updated_by: moderator,
      updated_at: HAPPENED_AT,
    },

    'feature.updated': {
      id: 9,
      name: 'discussion',
      enabled: true,
      previously_enabled: false,
      updated_by: moderator,
      updated_at: HAPPENED_AT,
    },

    'legal_page.created': legalPage,
    'legal_page.updated': { ...updated(legalPage), version: 4, revised_at: HAPPENED_AT },

    'loyalty.prize.created': prize,
    'loyalty.prize.updated': { ...updated(prize), quantity: 39 },
    'loyalty.prize_request.created': prizeRequest,
    'loyalty.prize_request.updated': { ...updated(prizeRequest), status: 'shipped' },

    ...notificationSamples,

    'poll_vote.created': { ...pollVote, created_at: HAPPENED_AT },
    'poll_vote.deleted': { ...pollVote, created_at: CREATED_AT, deleted_at: HAPPENED_AT },

    ...contentSamples('post'),
    ...contentSamples('status'),

    'user.created': member,
    'user.updated': { ...updated(member), updated_fields: ['bio', 'location'] },
    'user.deleted': deleted(member, { username: author.username, deleted_by: author }),
    'user.loyalty_points_updated': {
      id: author.id,
      user: author,
      loyalty_points: 540,
      previous_loyalty_points: 520,
      reason: 'discussion',
      updated_at: HAPPENED_AT,
    },
    'user.score_updated': {
      id: author.id,
      user: author,
      score: 870,
      previous_score: 860,
      updated_at: HAPPENED_AT,
    },
    'user.settings_updated': {
      id: author.id,
      user: author,
      settings: { email_notifications: 'daily', show_date_of_birth: false, private_messages: 'connections' },
      updated_at: HAPPENED_AT,
    },

    'vote.created': { ...vote, created_at: HAPPENED_AT },
    'vote.deleted': { ...vote, created_at: CREATED_AT, deleted_at: HAPPENED_AT },
  }),
)
