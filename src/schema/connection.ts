import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql'
import type { KeysetPage, PageArguments } from '../keyset-page'
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../page-range'

/** The arguments of every field that returns a connection. Null means the default. */
@ArgsType()
export class ConnectionArgs implements PageArguments {
  @Field(() => Int, {
    nullable: true,
    defaultValue: PAGE_LIMIT_DEFAULT,
    description: `The largest number of objects to return: 1 to ${PAGE_LIMIT_MAX}.`,
  })
  first!: number | null

  @Field(() => String, {
    nullable: true,
    description: 'The cursor after which to continue: `endCursor` of the page before.',
  })
  after!: string | null
}

@ObjectType({ simpleResolvers: true, description: 'The place of a page in its list.' })
export class PageInfo {
  @Field(() => Boolean, {
    description: 'Whether there may be more. Where few objects match, a page may be short and say so.',
  })
  hasNextPage!: boolean

  @Field(() => Boolean, { description: 'Whether the page has been read with `after`.' })
  hasPreviousPage!: boolean

  @Field(() => String, { nullable: true, description: 'The cursor of the first object.' })
  startCursor!: string | null

  @Field(() => String, { nullable: true, description: 'The cursor with which the next page is read.' })
  endCursor!: string | null
}

/** A connection as graphql-js resolves it: the number is counted only when it is selected. */
export interface Connection<Node> {
  edges: { cursor: string; node: Node }[]
  nodes: Node[]
  pageInfo: PageInfo
  totalCount: () => Promise<number | null>
}

/** @param count counts the whole list; null = more than is counted */
export function connection<Node>(
  { edges, hasNextPage, endCursor }: KeysetPage<Node>,
  { after }: PageArguments,
  count: () => Promise<number | null>,
): Connection<Node> {
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage,
      hasPreviousPage: after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor,
    },
    totalCount: count,
  }
}

/**
 * Makes the connection type of a list.
 *
 * @param name of the objects, such as WebhookAttempt
 */
export function connectionOf(name: string, node: ClassType<object>): ClassType<object> {
  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: 'An object of a list, with its place.' })
  class Edge {
    @Field(() => String, { description: 'The place in the list, for `after`.' })
    cursor!: string

    @Field(() => node, { description: 'The object.' })
    node!: object
  }

  @ObjectType(`${name}Connection`, { simpleResolvers: true, description: 'A part of a list, newest first.' })
  class ConnectionType {
    @Field(() => [Edge], { description: 'The objects of this page, each with its place.' })
    edges!: Edge[]

    @Field(() => [node], { description: 'The objects of this page.' })
    nodes!: object[]

    @Field(() => PageInfo, { description: 'The place of this page in the list.' })
    pageInfo!: PageInfo

    @Field(() => Int, {
      nullable: true,
      description:
        'The number of objects that match, on all pages. Null means more than 10,000, or that more have to be read to know.',
    })
    totalCount!: number | null
  }
  return ConnectionType
}
